#!/usr/bin/env python3
"""A receiver of webhooks for the crash lab: it writes down what arrives before it answers.

receiver.py [--port PORT] [--answers 503,drop,200]: the n-th message of the log gets the n-th answer, a status or
`drop` (the connection is closed once all of the body is there), and every later one the last. The log is
received.jsonl below CRASHLAB_STAGE, one line a message; whoever removes it begins anew. One connection is served
at a time, so that the log has the order of arrival. A message that broke off is written down with its key alone.

It serves in a process of its own, whose pid is printed, until the one that started it ends: the lab's tracer waits
for all children of its process, and would wait for this one for ever.
"""
import argparse
import hashlib
import hmac
import json
import os
import select
import socket

PORT = 8707
SECRET = "for the crash lab"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--answers", default="200")
    options = parser.parse_args()
    log = os.path.join(os.environ["CRASHLAB_STAGE"], "received.jsonl")
    with socket.create_server(("127.0.0.1", options.port)) as server:
        starter = os.pidfd_open(os.getppid())
        if pid := os.fork():
            print(pid, flush=True)
            return
        poll = select.poll()
        poll.register(starter, select.POLLIN)
        poll.register(server, select.POLLIN)
        while starter not in [fd for fd, _ in poll.poll()]:
            stream, _ = server.accept()
            with stream:
                try:
                    serve(stream, log, options.answers.split(","))
                except OSError:
                    pass    # the sender died: what it sent is written down


def serve(stream, log, answers):
    head, body, whole = read(stream)
    if head is None:
        return
    written = lines(log)
    said = answers[min(len([line for line in written if line["whole"]]), len(answers) - 1)] if whole else None
    with open(log, "ab", buffering=0) as file:      # a line is written whole or not at all
        file.write(json.dumps(entry(head, body, whole, said)).encode() + b"\n")
    if whole and said != "drop":
        stream.sendall(f"HTTP/1.1 {said} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def read(stream):
    """The headers, the body, and whether that is all of it; no headers if they did not arrive."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = stream.recv(65536)
        if not piece:
            return None, b"", False
        raw += piece
    top, body = raw.split(b"\r\n\r\n", 1)
    rows = (line.split(": ", 1) for line in top.decode().split("\r\n")[1:])
    head = {name.lower(): value for name, value in rows}
    length = int(head["content-length"])
    while len(body) < length:
        piece = stream.recv(65536)
        if not piece:
            return head, body, False
        body += piece
    return head, body, True


def entry(head, body, whole, said):
    found = {"key": head.get("idempotency-key"), "whole": whole, "answer": said}
    if whole:
        document = json.loads(body)
        signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        found |= {
            "signed": head.get("x-signature-256") == signature,
            "body": hashlib.sha256(body).hexdigest(),
            "named": document["key"],
            "instance": document["instance"],
            "channel": document["channel"],
            "runs": document["runs"],
            "ids": [report["report_id"] for report in document["reports"]],
            "contents": [content(report) for report in document["reports"]],
            "dead": [one["run"] for one in document.get("dead", [])],
        }
    return found


def content(report):
    """What a report says, as a hash: without what is not sent."""
    kept = {name: value for name, value in report.items() if name != "digest"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def lines(log):
    """What has arrived; nothing if there is no log."""
    try:
        with open(log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    main()
