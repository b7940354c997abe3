"""Puts the toy client behind the adapter protocol of syncheck."""

import json
import sys

from toy import Toy


class Unsupported(Exception):
    """What this subject cannot do by design."""


def hello(request):
    if 1 not in request["versions"]:
        raise Unsupported("only version 1 of the protocol is spoken")
    observes = {"events": False, "gauges": False, "restart": True}
    about = {"name": "toy", "version": "1", "families": ["headers-first"], "observes": observes}
    return {"type": "hello", "protocol": 1, "about": about}


def begin(request):
    if request["family"] != "headers-first":
        raise Unsupported("family " + request["family"])
    if request["start"]["network"] != "regtest":
        raise Unsupported("network " + request["start"]["network"])
    return Toy(request["start"])


def deliver(toy, request):
    toy.now, what = request["now"], request["input"]
    if what["type"] == "connected":
        toy.connected(what["peer"], what["hello"])
    elif what["type"] == "disconnected":
        toy.disconnected(what["peer"])
    elif what["type"] == "message":
        toy.message(what["peer"], what["message"])
    else:
        raise ValueError("unknown input " + what["type"])


def advance(toy, request):
    """Lets time pass; returns when the client acted on its own, if it did."""
    at = toy.deadline()
    if at is None or at > request["until"]:
        return {}
    toy.now = max(at, request["now"])
    toy.wake()
    return {"acted_at": toy.now}


def done(toy, **more):
    toy.fetch()
    outputs, toy.out = toy.out, []
    return {"type": "done", "outputs": outputs, "deadline": toy.deadline(), **more}


def answer(toy, request):
    """Returns the client of the case that goes on, and the reply."""
    kind = request["type"]
    if kind == "hello":
        return toy, hello(request)
    if kind == "begin":
        toy = begin(request)
        return toy, done(toy)
    if toy is None:
        raise ValueError("no case has begun")
    if kind == "deliver":
        deliver(toy, request)
        return toy, done(toy)
    if kind == "advance":
        return toy, done(toy, **advance(toy, request))
    if kind == "restart":
        toy.now = request["now"]
        toy.forget()
        return toy, done(toy)
    if kind == "end":
        return None, {"type": "done"}
    raise ValueError("unknown request " + kind)


def main():
    toy = None
    for line in sys.stdin:
        seq = 0
        try:
            request = json.loads(line)
            seq = request["seq"]
            toy, reply = answer(toy, request)
        except Unsupported as what:
            reply = {"type": "unsupported", "message": str(what)}
        except (KeyError, TypeError, ValueError) as error:
            reply = {"type": "error", "message": repr(error)}
        print(json.dumps({**reply, "seq": seq}), flush=True)


main()
