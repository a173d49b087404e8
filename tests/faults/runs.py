"""One run with a fault at one point. Each mode brings nhip to the point in another way, lets the fault act, then has the work
done without any, and compares with the undisturbed run.

    fresh      nhip run on an empty Redis              resumed    ... on a state that a killed run has left
    cut        ... that has lost its connection        back       ... whose Redis was set back while it ran
    storm      ... that has to give partitions away    snapshot, backup, restore      those commands

A process that a `stop` has hit is a zombie: another one does its work, then it is woken and may do no harm."""
import os
import shutil
import signal
import subprocess
import time

from rig import NAMESPACE, Difference, compare_vintages, latest, letters, tail, tree

# "next" when a partition has committed.
COMMITTED = ("for _, key in ipairs(redis.call('KEYS', 'n:f:*')) do "
             "if redis.call('HEXISTS', key, 'next') == 1 then return 'next' end end return ''")
RUN_MODES = ("fresh", "resumed", "cut", "back", "storm")


class Run:
    """What is drawn for one run, and what came of it."""

    def __init__(self, slot, workload, source, mode, chance):
        self.slot, self.workload, self.source, self.mode = slot, workload, source, mode
        self.random = chance
        self.base = workload.base[source] if source in workload.base else None
        self.note = ""
        self.trace = None

    def settings(self):
        """Settings that change how the work is cut, never what comes of it."""
        draw = self.random
        pairs = ["commit.interval=" + draw.choice(("2ms", "5ms", "10ms", "20ms")),
                 "rate.limit=" + draw.choice(("0", "8000", "15000", "30000"))]
        if draw.random() < 0.5 or self.mode == "resumed":
            pairs.append("cells.max=1000")
        if draw.random() < 0.3:
            pairs.append("commit.cells=50")
        if self.source == "kafka" and draw.random() < 0.5:
            pairs += ["kafka.fetch.message.max.bytes=" + draw.choice(("4000", "20000"))]
        if self.mode in ("back", "storm"):
            pairs += ["rate.limit=" + ("3000" if self.mode == "back" else "500"), "commit.interval=10ms"]
        if self.mode == "back" and self.source == "kafka": # stopped twice: a group that has expelled it meanwhile rewinds nothing
            pairs += ["kafka.session.timeout.ms=30000"]
        return pairs

    def begin(self, with_topic=None):
        slot = self.slot
        slot.begin(self.workload, self.source)
        topic = self.random.random() < 0.25 if with_topic is None else with_topic
        if self.source == "kafka" and topic:
            slot.letters_topic = slot.group + "-dead"
            subprocess.run([os.path.join(slot.setup.build, "tools/kafka_admin"), slot.setup.kafka, "create", slot.letters_topic,
                            "1", "1"], check=True, capture_output=True)

    def fire(self, point, nth, kind):
        """The whole run; False when the fault did not act (the point was passed less often this time)."""
        self.begin()
        getattr(self, "fire_" + (self.mode if self.mode not in RUN_MODES else "run"))(point, nth, kind)
        return self.slot.fired(point)

    # --- nhip run ---

    def planted(self, point, nth, kind):
        text = f"{point}:{nth}:{kind}" if point else ""
        before = []
        if self.mode == "cut":
            before = [f"{self.random.choice(('exec.reply', 'commit.sent', 'commit.send'))}:{self.random.randrange(1, 6)}:error"]
        if self.mode == "back":
            before = ["commit.confirm:2:stop", f"exec.done:{self.random.randrange(4, 9)}:stop"]
        return ",".join(before + [text] if text else before)

    def prelude(self):
        """A state in the middle of the log."""
        commits = self.base["trace"].get("fresh", {}).get("commit.confirm", 12)
        nth = self.random.randrange(1, max(2, commits * 3 // 4))
        point = self.random.choice(("commit.confirm", "commit.inside", "exec.done", "commit.sent"))
        self.slot.call(self.slot.run_command(["rate.limit=20000"]), fault=f"{point}:{nth}:kill", log="prelude.log")

    def set_back(self, child):
        """Saves Redis at the first stop; at the second one ends it and starts it with what was saved."""
        slot = self.slot
        if not child.wait_stopped():
            return
        slot.redis.ask("SAVE")
        child.signal(signal.SIGCONT)
        time.sleep(0.02)
        if not child.wait_stopped():
            return
        slot.redis.stop()
        slot.redis.start()
        child.signal(signal.SIGCONT)
        time.sleep(0.02)

    def wait_for_commit(self, child):
        """Until it has work that it can lose."""
        end = time.monotonic() + 20
        while time.monotonic() < end and child.process.poll() is None:
            if "next" in self.slot.redis.ask("--raw", "EVAL", COMMITTED, "0"):
                return
            time.sleep(0.05)

    def member(self):
        """The name in the group: a static member takes its place back at once, one without waits for the session to end."""
        return "one" if self.mode == "back" or self.mode != "storm" and self.random.random() < 0.85 else ""

    def start(self, point, nth, kind, trace=None):
        command = self.slot.run_command(self.settings(), member=self.member())
        if self.mode == "resumed":
            self.prelude()
        cut = self.random.choice((0, 1, 300, 500, 900, 980))
        child = self.slot.spawn(command, fault=self.planted(point, nth, kind), cut=cut, trace=trace)
        if self.mode == "back":
            self.set_back(child)
        if self.mode == "storm":
            self.wait_for_commit(child)
            self.slot.call(self.slot.run_command(["rate.limit=8000"], member=""), log="second.log")
        return child

    def fire_run(self, point, nth, kind):
        slot = self.slot
        child = self.start(point, nth, kind)
        if kind == "stop" and child.wait_stopped():
            early = self.random.random() < 0.3 and self.mode != "storm"
            if early: # it wakes while the other one works
                other = slot.spawn(slot.run_command(["rate.limit=8000"]), log="other.log")
                time.sleep(self.random.uniform(0.05, 0.4))
                child.signal(signal.SIGCONT)
                other.judge(other.wait())
            else:
                slot.settle()
                child.signal(signal.SIGCONT)
        if kind == "kill":
            child.judge(child.wait())
        elif kind == "stop":
            child.end(1.0)
        else:
            self.check_end(child.wait(20))
            child.end(0)
        self.conclude()

    def check_end(self, status):
        """A run that ends well by itself has counted all of the log, whatever happened (in a storm others have a part)."""
        if status == 0 and self.mode != "storm" and self.slot.state() != self.base["state"]:
            raise Difference("it ended well without the whole log: " + tail(self.slot.path("run.log")))

    def conclude(self):
        self.slot.settle()
        self.slot.compare()
        if self.slot.letters_topic:
            self.compare_topic()

    def compare_topic(self):
        """Dead letters in Kafka, read with nhip's own tee."""
        slot = self.slot
        topic = slot.letters_topic
        command = [slot.nhip, "run", "--once", "--set", "topics=" + topic, "--set", "namespace=letters", "--set",
                   "tee.directory=" + slot.path("tee"), "--set", "redis.address=" + slot.redis_address, "--set",
                   "kafka.bootstrap.servers=" + slot.setup.kafka, "--set", "kafka.group.id=" + topic]
        if slot.call(command, log="tee.log") != 0:
            raise Difference("the dead letters' topic cannot be read: " + tail(slot.path("tee.log")))
        found = letters(os.path.join(slot.path("tee"), topic + "-0.ndjson"))
        if found != self.base["letters"]:
            raise Difference(f"dead letters in Kafka: {len(self.base['letters'] - found)} missing, "
                             f"{len(found - self.base['letters'])} too many")

    # --- nhip snapshot ---

    def fill(self):
        """The final state, in the slot's Redis, from a copy."""
        slot = self.slot
        slot.redis.stop()
        shutil.copy(self.base["rdb"], os.path.join(slot.directory, "dump.rdb"))
        slot.redis.start()
        os.remove(os.path.join(slot.directory, "dump.rdb"))

    def wake(self, child, meanwhile):
        if child.wait_stopped():
            meanwhile()
            child.signal(signal.SIGCONT)

    def fire_snapshot(self, point, nth, kind):
        slot = self.slot
        directory = slot.path("vintages")
        self.fill()
        before = self.random.random() < 0.4
        if before:
            slot.publish(directory)
        child = slot.spawn(slot.snapshot_command(directory), fault=f"{point}:{nth}:{kind}")
        if kind == "stop":
            self.wake(child, lambda: slot.publish(directory))
        child.judge(child.wait())
        self.check_vintages(directory, behind=0 if kind == "stop" else 1)
        slot.publish(directory)
        self.check_vintages(directory)

    def check_vintages(self, directory, behind=0):
        """Whatever has a name is whole and the one that its number asks for; LATEST names the last one, or one before it after a
        crash between the two renames."""
        names = [name for name in os.listdir(directory) if not name.startswith(".") and name != "LATEST"] \
            if os.path.isdir(directory) else []
        numbers = sorted(int(name.rsplit("_r", 1)[1].split("_")[0]) for name in names)
        if numbers != list(range(1, len(numbers) + 1)):
            raise Difference(f"vintages have numbers {numbers}")
        for name in names:
            number = int(name.rsplit("_r", 1)[1].split("_")[0])
            compare_vintages(self.base["releases"][number - 1], tree(os.path.join(directory, name)))
        if os.path.exists(os.path.join(directory, "LATEST")):
            last = latest(directory)[0]
            number = int(last.rsplit("_r", 1)[1].split("_")[0])
            if number < numbers[-1] - behind:
                raise Difference(f"LATEST names release {number} of {numbers}")

    # --- nhip backup, nhip restore ---

    def backup_command(self, directory):
        return [self.slot.nhip, "backup", "--to", directory, *self.slot.settings()]

    def restore_command(self, directory, namespace):
        slot = self.slot
        return [slot.nhip, "restore", "--from", directory, *slot.settings(), "--namespace", namespace]

    def check_backup(self, directory):
        """Whole, or refused; never taken for whole."""
        if not os.path.isdir(directory):
            return
        status = self.slot.call([self.slot.nhip, "backup", "--check", directory], log="check.log")
        vouched = os.path.exists(os.path.join(directory, "MANIFEST.sha256"))
        if (status == 0) != vouched:
            raise Difference(f"a backup {'with' if vouched else 'without'} manifest: --check ends with {status}")

    def compare_restored(self, directory, namespace):
        slot = self.slot
        status = slot.call(self.restore_command(directory, namespace), log="restore.log")
        whole = status == 3 and "is not empty" in tail(slot.path("restore.log"))
        if status != 0 and not whole:
            raise Difference(f"restore ends with {status}: {tail(slot.path('restore.log'))}")
        slot.namespace = namespace
        slot.settle()
        slot.namespace = NAMESPACE
        self.compare_namespace(namespace)

    def compare_namespace(self, namespace):
        state = self.slot.state(namespace)
        ours = b"".join(NAMESPACE.encode() + line[len(namespace):] + b"\n" for line in state.splitlines())
        if ours != self.base["state"]:
            raise Difference("the restored state differs")

    def fire_backup(self, point, nth, kind):
        slot = self.slot
        self.fill()
        child = slot.spawn(self.backup_command(slot.path("one")), fault=f"{point}:{nth}:{kind}")
        if kind == "stop":
            self.wake(child, lambda: slot.call(self.backup_command(slot.path("two")), log="two.log"))
        child.judge(child.wait())
        self.check_backup(slot.path("one"))
        if not os.path.exists(os.path.join(slot.path("one"), "MANIFEST.sha256")):
            if slot.call(self.backup_command(slot.path("three")), log="three.log") != 0:
                raise Difference("a backup after a broken one fails: " + tail(slot.path("three.log")))
            os.rename(slot.path("three"), slot.path("one-again"))
            self.compare_restored(slot.path("one-again"), "r")
        else:
            self.compare_restored(slot.path("one"), "r")

    def fire_restore(self, point, nth, kind):
        slot = self.slot
        namespace = "r"
        child = slot.spawn(self.restore_command(self.base["backup"], namespace), fault=f"{point}:{nth}:{kind}")
        if kind == "stop":
            self.wake(child, lambda: slot.call(self.restore_command(self.base["backup"], namespace), log="other.log"))
        child.judge(child.wait())
        if kind != "stop" and self.random.random() < 0.5: # somebody is in a hurry: refused, or a partition that nobody has marked
            slot.namespace = namespace
            slot.call(slot.run_command(["rate.limit=0"]), log="early.log")
            slot.namespace = NAMESPACE
        self.compare_restored(self.base["backup"], namespace)

    # --- without a fault: how often each point is passed ---

    def scout(self):
        """Counts the points that this mode passes; compares too."""
        slot = self.slot
        self.begin(with_topic=False)
        path = slot.path("trace")
        if self.mode in RUN_MODES:
            child = self.start("", 0, "", trace=path)
            status = child.wait()
            child.judge(status)
            self.check_end(status)
            if self.base:
                self.conclude()
        elif self.mode == "restore":
            slot.call(self.restore_command(self.base["backup"], "r"), trace=path)
        else:
            self.fill()
            command = slot.snapshot_command(slot.path("v")) if self.mode == "snapshot" else self.backup_command(slot.path("b"))
            slot.call(command, trace=path)
        with open(path, encoding="ascii") as file:
            return {name: int(times) for name, times in (line.split() for line in file)}


def make_base(slot, workload, source, chance):
    """The undisturbed run."""
    run = Run(slot, workload, source, "fresh", chance)
    run.begin(with_topic=False)
    if slot.call(slot.run_command(["rate.limit=0", "commit.interval=50ms"])) != 0:
        raise Difference("the undisturbed run fails: " + tail(slot.path("run.log")))
    base = {"state": slot.state(), "letters": letters(slot.path("dead")), "trace": {}}
    base["releases"] = [slot.publish(slot.path("base")) for _ in range(4)]
    base["backup"] = os.path.join(workload.directory, source + "-backup")
    if slot.call(run.backup_command(base["backup"])) != 0:
        raise Difference("the undisturbed backup fails: " + tail(slot.path("run.log")))
    slot.redis.ask("SAVE")
    base["rdb"] = os.path.join(workload.directory, source + ".rdb")
    shutil.move(os.path.join(slot.directory, "dump.rdb"), base["rdb"])
    if not base["state"] or not base["letters"]:
        raise Difference("the workload is empty")
    workload.base[source] = base
    slot.finish()


def reached(mode, source):
    return mode != "storm" or source == "kafka"
