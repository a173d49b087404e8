"""A message as a tree that remembers where each value stood, and pointers that walk on it (schemas/mapping.md §2)."""
import re

from jsontext import Careful, DEPTH_MAX, LITERALS, Refusal, TYPES


class Node:
    """A value and where it began. `text`: a string unescaped, a number as written, true or false; None for the others.
    `inside`: (key, where, node) of an object, nodes of an array."""
    __slots__ = ("kind", "at", "text", "inside")

    def __init__(self, kind, at, text=None, inside=None):
        self.kind, self.at, self.text, self.inside = kind, at, text, inside


def plain_text(kind, text):
    return Node(kind, 0, text)


class Tree(Careful):
    """The careful reader of canonical text, keeping positions; an array may stand at the top, too."""

    def __init__(self, data, start):
        super().__init__(data, None, None, None)
        self.at = start

    def message(self):
        self.space()
        if self.data[self.at] not in b"{[":
            raise Refusal("not_json")
        node = self.value(0)
        self.space()
        if self.at != len(self.data) - 1:
            raise Refusal("not_json")
        return node

    def value(self, depth):
        at, byte = self.at, self.data[self.at]
        kind = TYPES.get(byte)
        if kind == "string":
            return Node(kind, at, self.string())
        if kind == "number":
            self.number()
            return Node(kind, at, self.data[at:self.at].decode())
        if kind in ("object", "array"):
            if depth + 1 > DEPTH_MAX:
                raise Refusal("too_deep")
            self.at += 1
            return Node(kind, at, None, self.members(depth + 1) if kind == "object" else self.items(depth + 1))
        if kind is None or not self.data.startswith(LITERALS[byte][0], at):
            raise Refusal("not_json")
        self.at += len(LITERALS[byte][0])
        return Node(kind, at, LITERALS[byte][0].decode() if kind == "bool" else None)

    def members(self, depth, top=False):
        members = []
        self.space()
        if self.data[self.at] == ord("}"):
            self.at += 1
            return members
        while True:
            self.space()
            at = self.at
            key = self.string()
            self.expect(ord(":"))
            self.space()
            members.append((key, at, self.value(depth)))
            self.space()
            self.at += 1
            if self.data[self.at - 1] == ord("}"):
                return members
            if self.data[self.at - 1] != ord(","):
                raise Refusal("not_json")


# ---- pointers ----

def tokens_of(pointer):
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def step(node, token, doubles):
    if node.kind == "object":
        found = [(at, child) for key, at, child in node.inside if key == token]
        if len(found) > 1:
            doubles.append(found[1][0])
        return found[0][1] if found else None
    if node.kind == "array":
        if token == "-1":
            return node.inside[-1] if node.inside else None
        if re.fullmatch("0|[1-9][0-9]*", token) and len(token) < 10 and int(token) < len(node.inside):
            return node.inside[int(token)]
    return None


def walk(node, tokens, doubles):
    """The node that a path leads to; None when it is absent or null. Keys that come twice are added to `doubles`."""
    for token in tokens:
        node = step(node, token, doubles) if node else None
    return None if node is None or node.kind == "null" else node
