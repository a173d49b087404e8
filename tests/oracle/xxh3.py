"""XXH3, of bytes: with 128 bits and seed 0 the hash behind `digest` in mappings (schemas/mapping.md §4), with 64 bits and a
secret that is made from a key the one behind sketches (store-layout.md §5). Written from the published algorithm (its constants
are the algorithm). Slow and plain; ids are short."""

MASK = 2 ** 64 - 1
PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
STRIPE = 64
STRIPES = (len(SECRET) - STRIPE) // 8
START = (PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1)


def word(data, at, size=8):
    return int.from_bytes(data[at:at + size], "little")


def swapped(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def avalanche(value):
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & MASK
    return value ^ value >> 32


def avalanche_64(value):
    value ^= value >> 33
    value = value * PRIME64_2 & MASK
    value ^= value >> 29
    value = value * PRIME64_3 & MASK
    return value ^ value >> 32


def fold(a, b):
    product = a * b
    return (product ^ product >> 64) & MASK


def mix(data, at, key):
    return fold(word(data, at) ^ word(SECRET, key), word(data, at + 8) ^ word(SECRET, key + 8))


def up_to_3(data):
    size = len(data)
    low = data[0] << 16 | data[size >> 1] << 24 | data[size - 1] | size << 8
    high = swapped(low, 4)
    high = (high << 13 | high >> 19) & 0xFFFFFFFF
    return (avalanche_64(low ^ word(SECRET, 0, 4) ^ word(SECRET, 4, 4)),
            avalanche_64(high ^ word(SECRET, 8, 4) ^ word(SECRET, 12, 4)))


def up_to_8(data):
    size = len(data)
    value = word(data, 0, 4) | word(data, size - 4, 4) << 32
    product = (value ^ word(SECRET, 16) ^ word(SECRET, 24)) * (PRIME64_1 + (size << 2))
    low, high = product & MASK, product >> 64
    high = high + (low << 1) & MASK
    low ^= high >> 3
    low ^= low >> 35
    low = low * 0x9FB21C651E98DF25 & MASK
    return low ^ low >> 28, avalanche(high)


def up_to_16(data, seed=0):
    size = len(data)
    first, last = word(data, 0), word(data, size - 8)
    product = (first ^ last ^ (word(SECRET, 32) ^ word(SECRET, 40)) - seed & MASK) * PRIME64_1
    low, high = (product & MASK) + (size - 1 << 54) & MASK, product >> 64
    last ^= (word(SECRET, 48) ^ word(SECRET, 56)) + seed & MASK
    high = high + last + (last & 0xFFFFFFFF) * (PRIME32_2 - 1) & MASK
    low ^= swapped(high, 8)
    product = low * PRIME64_2
    return avalanche(product & MASK), avalanche((product >> 64) + high * PRIME64_2 & MASK)


def up_to_240(data):
    size = len(data)
    low, high = size * PRIME64_1 & MASK, 0

    def take(one, two, key):
        nonlocal low, high
        low = (low + mix(data, one, key) & MASK) ^ (word(data, two) + word(data, two + 8) & MASK)
        high = (high + mix(data, two, key + 16) & MASK) ^ (word(data, one) + word(data, one + 8) & MASK)

    if size <= 128:
        for step in range((size - 1) // 32, -1, -1):
            take(16 * step, size - 16 * step - 16, 32 * step)
    else:
        for step in range(4):
            take(32 * step, 32 * step + 16, 32 * step)
        low, high = avalanche(low), avalanche(high)
        for step in range(4, size // 32):
            take(32 * step, 32 * step + 16, 3 + 32 * (step - 4))
        take(size - 16, size - 32, 136 - 17 - 16)
    total = low * PRIME64_1 + high * PRIME64_4 + size * PRIME64_2
    return avalanche(low + high & MASK), -avalanche(total & MASK) & MASK


def longer(data):
    size = len(data)
    lanes = list(START)

    def accumulate(at, key):
        for lane in range(8):
            value = word(data, at + 8 * lane)
            keyed = value ^ word(SECRET, key + 8 * lane)
            lanes[lane ^ 1] = lanes[lane ^ 1] + value & MASK
            lanes[lane] = lanes[lane] + (keyed & 0xFFFFFFFF) * (keyed >> 32) & MASK

    def merge(key, start):
        for lane in range(0, 8, 2):
            start += fold(lanes[lane] ^ word(SECRET, key + 8 * lane), lanes[lane + 1] ^ word(SECRET, key + 8 * lane + 8))
        return avalanche(start & MASK)

    for stripe in range((size - 1) // STRIPE):
        accumulate(STRIPE * stripe, 8 * (stripe % STRIPES))
        if stripe % STRIPES == STRIPES - 1 and STRIPE * (stripe + 1) < size:
            for lane in range(8):
                value = lanes[lane] ^ lanes[lane] >> 47 ^ word(SECRET, len(SECRET) - STRIPE + 8 * lane)
                lanes[lane] = value * PRIME32_1 & MASK
    accumulate(size - STRIPE, len(SECRET) - STRIPE - 7)
    return merge(11, size * PRIME64_1), merge(len(SECRET) - STRIPE - 11, ~(size * PRIME64_2) & MASK)


def halves(data):
    """Low and high 64 bits."""
    size = len(data)
    if size == 0:
        low = avalanche_64(word(SECRET, 64) ^ word(SECRET, 72))
        high = avalanche_64(word(SECRET, 80) ^ word(SECRET, 88))
    else:
        reader = (up_to_3 if size <= 3 else up_to_8 if size <= 8 else up_to_16 if size <= 16
                  else up_to_240 if size <= 240 else longer)
        low, high = reader(data)
    return low, high


def xxh3_128(data):
    """32 hexadecimal digits, the high half first."""
    low, high = halves(data)
    return "%016x%016x" % (high, low)


def secret_of(key, size=192):
    """XXH3_generateSecret: `size` bytes out of a key of any length."""
    low, high = halves(key)
    scrambler = high.to_bytes(8, "big") + low.to_bytes(8, "big")
    secret = bytearray((key * (size // len(key) + 1))[:size])

    def combine(at, pair):
        for place, half in zip((at, at + 8), pair):
            secret[place:place + 8] = (word(secret, place) ^ half).to_bytes(8, "little")

    for segment in range(size // 16):
        combine(16 * segment, up_to_16(scrambler, segment))
    combine(size - 16, (low, high))
    return bytes(secret)


def xxh3_64(data, secret):
    """Of 1 to 128 bytes, under a secret."""
    size = len(data)

    def keyed(at, key):
        return fold(word(data, at) ^ word(secret, key), word(data, at + 8) ^ word(secret, key + 8))

    if size <= 3:
        value = data[0] << 16 | data[size >> 1] << 24 | data[size - 1] | size << 8
        return avalanche_64(value ^ word(secret, 0, 4) ^ word(secret, 4, 4))
    if size <= 8:
        value = word(data, size - 4, 4) + (word(data, 0, 4) << 32) ^ word(secret, 8) ^ word(secret, 16)
        value ^= (value << 49 | value >> 15) & MASK ^ (value << 24 | value >> 40) & MASK
        value = value * 0x9FB21C651E98DF25 & MASK
        value = (value ^ (value >> 35) + size) * 0x9FB21C651E98DF25 & MASK
        return value ^ value >> 28
    if size <= 16:
        low = word(data, 0) ^ word(secret, 24) ^ word(secret, 32)
        high = word(data, size - 8) ^ word(secret, 40) ^ word(secret, 48)
        return avalanche(size + swapped(low, 8) + high + fold(low, high) & MASK)
    total = size * PRIME64_1
    for step in range((size - 1) // 32, -1, -1):
        total += keyed(16 * step, 32 * step) + keyed(size - 16 * step - 16, 32 * step + 16)
    return avalanche(total & MASK)
