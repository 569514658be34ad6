#!/usr/bin/env python3
"""A worker in Python for jobs of pg_estate whose handler is external:NAME.

    worker.py "host=/tmp dbname=homes" mail [NAME=]module:function ..
        [--jobs 4] [--lease 30] [--name NAME]

Fetches jobs of the queue (here mail) whose handler is external:NAME, up to --jobs at a time, and
calls function(connection, job) for each, in a thread and a transaction of its own. Without NAME=
it is the queue's name. Jobs of handlers that it is not told of are left to others. What the
function writes through the connection commits together with the end of the job, or not at all:
exactly once. What it returns, if not None, is kept as the job's result; what it raises is a failed
attempt. raise Snooze(seconds) puts the job off. job is a dict: id, token, handler, args, attempt,
max_attempts, effect_key; job["lost"] is an Event that is set when the job is no longer ours, for a
function that takes long.

A second connection extends the leases. SIGTERM or SIGINT: no more jobs are fetched, those in hand
have --grace seconds to end, and what is left is given back. Any pool will do, also one that hands
out connections by the transaction.
"""
import argparse
import importlib
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import traceback

import psycopg2
import psycopg2.extras


class Snooze(Exception):
    def __init__(self, seconds):
        super().__init__(f"put off by {seconds} s")
        self.seconds = seconds


class Lost(Exception):
    """The job is somebody else's by now: what we wrote must not stay."""


class Worker:
    def __init__(self, dsn, queue, functions, jobs=4, lease=30.0, grace=10.0, name=None):
        """functions: what to call, by handler (external:NAME)"""
        self.dsn, self.queue, self.functions = dsn, queue, functions
        self.jobs, self.lease, self.grace = jobs, lease, grace
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self.stopping = threading.Event()
        self.ended = threading.Condition()      # a job has ended; guards held
        self.held = {}                          # jobs in hand by (id, token)

    def run(self):
        heart = threading.Thread(target=self.beat, daemon=True)
        heart.start()
        pause = 0.05
        connection = None
        while not self.stopping.is_set():
            with self.ended:
                self.ended.wait_for(
                    lambda: len(self.held) < self.jobs or self.stopping.is_set(), timeout=1)
                room = self.jobs - len(self.held)
            if room == 0 or self.stopping.is_set():
                continue
            try:
                connection = connection or self.connect()
                found = self.fetch(connection, room)
            except psycopg2.Error as error:
                self.say(f"cannot fetch: {error}")
                connection, found = None, []
            # idle workers ask less and less often, and not all at once
            pause = 0.05 if found else min(pause * 2, 2.0)
            if not found:
                self.stopping.wait(pause * random.uniform(0.5, 1.0))
        self.leave()

    def stop(self, *_):
        self.stopping.set()

    def connect(self):
        return psycopg2.connect(self.dsn)

    def call(self, connection, sql, arguments):
        """A statement in a transaction of its own."""
        with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, arguments)
            return cursor.fetchall()

    def fetch(self, connection, count):
        """Asks for what we know, one handler after the other, and not always the same one first."""
        found = []
        for handler in random.sample(list(self.functions), len(self.functions)):
            if len(found) == count or self.stopping.is_set():
                break
            jobs = self.call(connection,
                             "SELECT * FROM estate.fetch_jobs(%s, %s, %s * interval '1 second', %s,"
                             " of_handler => %s)",
                             (self.queue, count - len(found), self.lease, self.name, handler))
            for job in jobs:
                job["lost"] = threading.Event()
                with self.ended:
                    self.held[job["id"], job["token"]] = job
                threading.Thread(target=self.work, args=(job,), daemon=True).start()
            found += jobs
        return found

    def work(self, job):
        connection = None
        try:
            connection = self.connect()
            self.attempt(connection, job)
        except psycopg2.Error as error:
            # not even reported: the lease runs out, and the job is fetched again
            self.say(f"job {job['id']}: {error}")
        finally:
            if connection:
                connection.close()
            with self.ended:
                self.held.pop((job["id"], job["token"]), None)
                self.ended.notify_all()

    def attempt(self, connection, job):
        key = (job["id"], job["token"])
        function = self.functions.get(job["handler"])
        if function is None:
            # not ours to end, well or not: somebody else knows it
            self.call(connection,
                      "SELECT estate.release_jobs(ARRAY[%s]::bigint[], ARRAY[%s]::bigint[])", key)
            return
        try:
            # one transaction: the function's effects and the end of its job
            with connection, connection.cursor() as cursor:
                result = function(connection, job)
                cursor.execute("SELECT estate.complete_job(%s, %s, %s)",
                               (*key, None if result is None else json.dumps(result)))
                if not cursor.fetchone()[0]:
                    raise Lost()
        except Lost:
            self.say(f"job {job['id']} is no longer ours: rolled back")
        except Snooze as snooze:
            self.call(connection, "SELECT estate.snooze_job(%s, %s, %s * interval '1 second')",
                      (*key, snooze.seconds))
        except Exception as error:
            message = "".join(traceback.format_exception_only(type(error), error)).strip()
            self.call(connection, "SELECT estate.fail_job(%s, %s, %s)", (*key, message))

    def beat(self):
        """Extends the leases of what is in hand, three times in each."""
        connection = None
        while True:
            time.sleep(self.lease / 3)
            with self.ended:
                held = dict(self.held)
            if not held:
                continue
            try:
                connection = connection or self.connect()
                rows = self.call(connection,
                                 "SELECT h AS id"
                                 " FROM estate.heartbeat_jobs(%s, %s, %s * interval '1 second') h",
                                 ([id for id, _ in held], [token for _, token in held], self.lease))
            except psycopg2.Error as error:
                self.say(f"no heartbeat: {error}")
                connection = None
                continue
            ours = {row["id"] for row in rows}
            for (id, _), job in held.items():
                if id not in ours:
                    job["lost"].set()

    def leave(self):
        with self.ended:
            self.ended.wait_for(lambda: not self.held, timeout=self.grace)
            left = list(self.held)
        if left:
            given = self.call(self.connect(), "SELECT estate.release_jobs(%s, %s) AS given",
                              ([id for id, _ in left], [token for _, token in left]))
            self.say(f"{given[0]['given']} jobs given back")

    def say(self, what):
        print(f"{self.name}: {what}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description="Works off jobs of pg_estate whose handler is external:NAME.")
    parser.add_argument("dsn")
    parser.add_argument("queue")
    parser.add_argument("function", nargs="+",
                        help="[NAME=]module:function, called with (connection, job)"
                        " for jobs of external:NAME (the queue's name)")
    parser.add_argument("--jobs", type=int, default=4, help="at a time (4)")
    parser.add_argument("--lease", type=float, default=30, help="seconds (30)")
    parser.add_argument("--grace", type=float, default=10,
                        help="seconds for the jobs in hand at the end (10)")
    parser.add_argument("--name", help="shown in estate.job (host:pid)")
    given = parser.parse_args()
    sys.path.insert(0, os.getcwd())
    # a handler that imports Snooze from here must get this one
    sys.modules.setdefault("worker", sys.modules["__main__"])
    functions = {}
    for named in given.function:
        name, place = named.split("=", 1) if "=" in named else (given.queue, named)
        module, function = place.split(":")
        functions[f"external:{name}"] = getattr(importlib.import_module(module), function)
    worker = Worker(given.dsn, given.queue, functions,
                    given.jobs, given.lease, given.grace, given.name)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    worker.run()


if __name__ == "__main__":
    main()
