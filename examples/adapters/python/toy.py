"""A toy client: it fetches a chain of headers and its blocks. All times are milliseconds."""

import hashlib

PATIENCE_MS = 20_000
GENESIS = "0x0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
ZERO = "0x" + "00" * 32


def hash_of(header):
    raw = bytes.fromhex(header[2:])
    return "0x" + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[::-1].hex()


class Toy:
    def __init__(self, start):
        self.now = 0
        self.out = []  # what it has done since it was last asked
        self.parents, self.heights = {GENESIS: None}, {GENESIS: 0}
        self.tip = GENESIS
        self.stored = {GENESIS}
        for block in start["blocks"]:
            self.stored.add(self.add(block[:162]))
        self.forget()

    def forget(self):
        """What does not survive the death of the process."""
        self.peers = {}  # name -> the height of its chain, and the headers that it has sent
        self.asked = {}  # block hash -> (peer, when it has to be there)
        self.lacks = {}  # (peer, block hash) -> when it may be asked again

    def connected(self, peer, hello):
        self.peers[peer] = (hello["start_height"], set())
        if hello["network"] or hello["network_limited"]:
            self.ask_headers(peer)

    def disconnected(self, peer):
        self.peers.pop(peer, None)
        self.asked = {hash: ask for hash, ask in self.asked.items() if ask[0] != peer}
        self.lacks = {key: again for key, again in self.lacks.items() if key[0] != peer}

    def message(self, peer, message):
        kind = message["type"]
        if peer not in self.peers:
            return
        if kind == "headers":
            fresh = any(hash_of(header) not in self.parents for header in message["headers"])
            self.peers[peer][1].update(self.add(header) for header in message["headers"])
            if fresh:
                self.ask_headers(peer)
        elif kind == "inv":
            if any(item["hash"] not in self.parents for item in message["items"]):
                self.ask_headers(peer)
        elif kind == "block":
            hash = hash_of(message["block"][:162])
            if self.asked.get(hash, (None,))[0] == peer:
                del self.asked[hash]
                self.stored.add(hash)
        elif kind == "not_found":
            for item in message["items"]:
                if self.asked.get(item["hash"], (None,))[0] == peer:
                    self.give_up(item["hash"])

    def deadline(self):
        """When it acts next if nothing happens before; None for never."""
        return min([due for _, due in self.asked.values()] + list(self.lacks.values()), default=None)

    def wake(self):
        for hash in [hash for hash, (_, due) in self.asked.items() if due <= self.now]:
            self.give_up(hash)
        self.lacks = {key: again for key, again in self.lacks.items() if again > self.now}

    def give_up(self, hash):
        peer, _ = self.asked.pop(hash)
        self.lacks[peer, hash] = self.now + PATIENCE_MS

    def fetch(self):
        """Asks for the blocks that are missing on the longest chain, each of one peer at a time."""
        wanted, hash = {}, self.tip
        while hash not in self.stored:
            for peer, (height, shown) in self.peers.items():
                has = hash in shown or self.heights[hash] <= height
                if has and hash not in self.asked and (peer, hash) not in self.lacks:
                    self.asked[hash] = (peer, self.now + PATIENCE_MS)
                    wanted.setdefault(peer, []).insert(0, {"kind": "witness_block", "hash": hash})
            hash = self.parents[hash]
        for peer, items in wanted.items():
            self.send(peer, {"type": "get_data", "items": items})

    def ask_headers(self, peer):
        locator, hash, step = [], self.tip, 1
        while hash != GENESIS:
            locator.append(hash)
            step *= 2 if len(locator) > 10 else 1
            for _ in range(step):
                hash = self.parents[hash] or GENESIS
        self.send(peer, {"type": "get_headers", "locator": locator + [GENESIS], "stop": ZERO})

    def add(self, header):
        """Takes a header whose parent it knows and that has its proof of work."""
        hash, parent = hash_of(header), "0x" + bytes.fromhex(header[10:74])[::-1].hex()
        has_work = header[146:154] == "ffff7f20" and int(hash, 16) < 1 << 255
        if hash not in self.parents and parent in self.parents and has_work:
            self.parents[hash], self.heights[hash] = parent, self.heights[parent] + 1
            if self.heights[hash] > self.heights[self.tip]:
                self.tip = hash
        return hash

    def send(self, peer, message):
        self.out.append({"type": "send", "peer": peer, "message": message})
