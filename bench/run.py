"""Measures Voi and other servers in the same run: see README.md.

python bench/run.py                            every system, from one call to its limit (about an hour)
python bench/run.py voi bare --levels 1,10     some systems at some levels
python bench/run.py voi --profile 100          where the time goes at 100 calls (py-spy)
python bench/run.py voi --soak 1000            many short calls: does memory stay flat?
python bench/run.py voi --minutes 60           60 callers for an hour: is a turn lost, does anything grow?
python bench/run.py voi-admit --overload 600   more callers than a core holds: what becomes of those admitted?
"""

import argparse
import contextlib
import json
import os
import resource
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOOLS = HERE / "venvs" / "tools" / "bin"
RESULTS = HERE / "results"
PORT = int(os.environ.get("BENCH_PORT", "18080"))  # and the next one, for the fake LLM
LLM_PORT = PORT + 1
SERVER_CORE, LOAD_CORE = 0, 1
NICE = os.environ.get("BENCH_NICE", "-15")  # "" leaves the priority alone
LEVELS = "1,5,10,20,40,80,160,320,640"
P95_SLACK_MS = 100
UNDERRUN_SHARE = 0.02
TRIES = 3


@dataclass(frozen=True)
class System:
    command: str
    protocol: str = "raw"


SYSTEMS = {
    "voi": System(f"{sys.executable} -m voi_server", "voi"),
    "realtime": System(f"{sys.executable} -m voi_server", "realtime"),
    "voi-admit": System(f"{sys.executable} -m voi_server --admit", "voi"),
    "voi-speculate": System(f"{sys.executable} -m voi_server --speculate", "voi"),
    "livekit": System(f"{HERE}/venvs/livekit/bin/python -m peers.livekit_server"),
    "pipecat": System(f"{HERE}/venvs/pipecat/bin/python -m peers.pipecat_server"),
    "bare": System(f"{sys.executable} -m peers.bare_server --vad voi"),
    "bare-onnx": System(f"{TOOLS}/python -m peers.bare_server --vad onnx"),
}
Result = dict[str, Any]


def prefer_this_session() -> None:
    """Ask the scheduler to prefer this benchmark (as root). With autogroups a nice value counts inside one session
    only, so the session's group is niced as well."""
    if os.geteuid() != 0 or not NICE:
        return
    with contextlib.suppress(OSError):
        os.setsid()
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("-19")


def pinned(command: str, core: int) -> list[str]:
    nice = ["nice", "-n", NICE] if NICE and os.geteuid() == 0 else []
    return [*nice, "taskset", "-c", str(core), *shlex.split(command)]


@contextlib.contextmanager
def process(command: str, core: int, env: dict[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(pinned(command, core), cwd=HERE, env=env, stdout=log, stderr=log)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def wait_for_port(port: int, child: subprocess.Popen[bytes], log: Path, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if child.poll() is not None:
            break
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"the server did not come up; its last words in {log}:\n{log.read_text()[-2000:]}")


def voi_token(api_key: str, port: int = PORT) -> str:
    """As any integration gets one; waits until the server is ready."""
    base = f"http://127.0.0.1:{port}"
    for _ in range(100):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/health") as reply:
            if reply.status == 200:
                break
        time.sleep(0.1)
    request = urllib.request.Request(f"{base}/integrations/bench", method="POST", headers={"API-Key": api_key})
    with urllib.request.urlopen(request) as reply:
        return str(json.load(reply)["token"])


@dataclass(frozen=True)
class Running:
    """A system under test and the fake LLM, started afresh."""

    server_pid: int
    llm_pid: int
    env: dict[str, str]
    trace: Path
    log: Any
    protocol: str
    token: str

    def client(self, module: str, arguments: str) -> subprocess.Popen[bytes]:
        """Start a load generator on its own core."""
        command = (
            f"{TOOLS}/python -m {module} --protocol {self.protocol} --port {PORT} --pid {self.server_pid} "
            f"--llm-pid {self.llm_pid} --trace {self.trace} {arguments}"
        )
        if self.token:
            command += f" --token {self.token}"
        env = {k: v for k, v in self.env.items() if k != "BENCH_TRACE"}
        return subprocess.Popen(pinned(command, LOAD_CORE), cwd=HERE, env=env)


@contextlib.contextmanager
def running(name: str, out: Path, tag: str) -> Iterator[Running]:
    out.mkdir(parents=True, exist_ok=True)
    trace, log_path = out / f"trace-{tag}.log", out / f"server-{tag}.log"
    trace.unlink(missing_ok=True)
    api_key = secrets.token_urlsafe(48)
    env = os.environ | {
        "BENCH_TRACE": str(trace), "BENCH_LLM_PORT": str(LLM_PORT), "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false",
        "API_KEY": api_key, "TOKEN_SECRET_KEY": secrets.token_urlsafe(48),
    }  # fmt: skip
    system = SYSTEMS[name]
    with (
        log_path.open("w") as log,
        process(f"{TOOLS}/python -m common.fake_llm", LOAD_CORE, env, log) as llm,
        process(f"{system.command} --port {PORT}", SERVER_CORE, env, log) as server,
    ):
        wait_for_port(LLM_PORT, llm, log_path)
        wait_for_port(PORT, server, log_path)
        token = voi_token(api_key) if system.protocol in ("voi", "realtime") else ""
        time.sleep(2)
        try:
            yield Running(server.pid, llm.pid, env, trace, log, system.protocol, token)
        finally:
            trace.unlink(missing_ok=True)


def calibrate(core: int) -> float:
    """ms for a fixed loop on that core: shows a host that is slower than usual."""
    code = "import time;a=time.perf_counter();sum(i*i for i in range(1500000));print((time.perf_counter()-a)*1e3)"
    return float(subprocess.check_output([*pinned(sys.executable, core), "-c", code]))


def measure(name: str, n: int, turns: int, out: Path) -> Result:
    result_path = out / f"{n}.json"
    out.mkdir(parents=True, exist_ok=True)
    result_path.unlink(missing_ok=True)
    calibration = [calibrate(SERVER_CORE), calibrate(LOAD_CORE)]
    with running(name, out, str(n)) as run:
        run.client("loadgen", f"--n {n} --turns {turns} --label {name} --out {result_path}").wait(1200)
    if not result_path.exists():
        sys.exit(f"the load generator failed; the server's log is {out}/server-{n}.log")
    result: Result = json.loads(result_path.read_text())
    result["calibration_ms"] = calibration
    result_path.write_text(json.dumps(result, indent=1))
    return result


def noisy(result: Result) -> bool:
    """The machine, not the server, spoiled this level."""
    return bool(result["loadgen_late_p99_ms"] > 8 or result["steal"] > 0.03 or result["loadgen_util"] > 0.85)


def failure(result: Result, base: Result | None) -> str:
    """Why this level is more than the system carries; "" when it is not."""
    lost = [key for key in ("missed", "incomplete", "connections_lost", "errors") if result[key]]
    if lost:
        return ", ".join(f"{key} {result[key]}" for key in lost)
    p95 = result["latency_ms"]["p95"]
    if base and p95 > base["latency_ms"]["p95"] + P95_SLACK_MS:
        return f"p95 {p95:.0f} ms > {base['latency_ms']['p95']:.0f} + {P95_SLACK_MS}"
    if result["turns_with_underrun"] > UNDERRUN_SHARE * result["turns"]:
        return f"{result['turns_with_underrun']} of {result['turns']} turns with an underrun"
    return ""


def measure_well(name: str, n: int, turns: int, out: Path, base: Result | None) -> Result:
    """A level that fails (or sets the base) on a noisy machine is measured again."""
    results = []
    for _ in range(TRIES):
        result = measure(name, n, turns, out)
        result["noisy"] = noisy(result)
        results.append(result)
        if not result["noisy"] or (base and not failure(result, base)):
            break
        print("   the machine was noisy: again", flush=True)
    best = min(results, key=lambda r: (bool(failure(r, base)), r["loadgen_late_p99_ms"]))
    best["tries"] = len(results)
    (out / f"{n}.json").write_text(json.dumps(best, indent=1))
    return best


def ramp(name: str, levels: list[int], turns_alone: int, turns: int, bisections: int, out: Path) -> None:
    """Up the levels to the first that fails, then halve the gap."""
    base: Result | None = None
    good, bad = 0, 0
    for n in levels:
        result = measure_well(name, n, turns_alone if n == 1 else turns, out, base)
        base = base or result
        if why := failure(result, base):
            print(f"   {n} calls fail: {why}", flush=True)
            bad = n
            break
        good = n
    for _ in range(bisections if bad else 0):
        middle = (good + bad) // 2
        if middle in (good, bad):
            break
        why = failure(measure_well(name, middle, turns, out, base), base)
        print(f"   {middle} calls {f'fail: {why}' if why else 'pass'}", flush=True)
        good, bad = (good, middle) if why else (middle, bad)
    (out / "summary.json").write_text(json.dumps({"calls_per_core": good, "first_failing": bad}))
    print(f"== {name}: {good} calls on one core" + (f" ({bad} fail)" if bad else ", no failing level"), flush=True)


def profile(name: str, n: int, out: Path) -> None:
    """Python lines that hold the GIL, as folded stacks; then cycles by library where perf is installed."""
    stacks = out / f"profile-{n}.raw"
    with running(name, out, f"profile-{n}") as run:
        client = run.client("loadgen", f"--n {n} --turns 4 --label {name} --out {out}/profile-{n}.json")
        time.sleep(20)
        subprocess.run(
            # 199 a second: at 200 samples fall together with timers of 20 and 100 ms, whose work then looks large
            [TOOLS / "py-spy", "record", "-r", "199", "-d", "15", "-f", "raw", "--gil", "-p", str(run.server_pid),
             "-o", stacks], stdout=run.log, stderr=run.log, check=True,
        )  # fmt: skip
        if shutil.which("perf"):
            data = out / f"profile-{n}.perf"
            record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-p", str(run.server_pid), "-o", data]
            subprocess.run([*record, "--", "sleep", "10"], stdout=run.log, stderr=run.log, check=True)
            report = ["perf", "report", "-i", data, "--stdio", "--sort", "dso,symbol", "--percent-limit", "0.5"]
            with (out / f"profile-{n}.perf.txt").open("w") as text:
                subprocess.run(report, stdout=text, stderr=run.log, check=True)
        client.wait(600)
    print(f"profile of {name} at {n} calls: {stacks}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", help=", ".join(SYSTEMS))
    parser.add_argument("--levels", default=LEVELS, help=f"numbers of calls; the first is the base (default {LEVELS})")
    parser.add_argument("--turns-alone", type=int, default=10, help="measured turns at one call")
    parser.add_argument("--turns", type=int, default=4, help="measured turns per caller above that")
    parser.add_argument("--bisections", type=int, default=2, help="between the last good and the first bad level")
    parser.add_argument("--profile", type=int, metavar="N", help="only profile N calls")
    parser.add_argument("--soak", type=int, metavar="CALLS", help="only make that many short calls")
    parser.add_argument("--overload", type=int, metavar="N", help="N callers at once, who come back when refused")
    parser.add_argument("--minutes", type=float, help="only talk for so long: 60 for the hour's soak")
    parser.add_argument("--callers", type=int, default=60, help="with --minutes")
    args = parser.parse_args()
    if unknown := set(args.systems) - set(SYSTEMS):
        parser.error(f"unknown systems {', '.join(unknown)}; there are {', '.join(SYSTEMS)}")
    prefer_this_session()
    _, files_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))
    for name in args.systems or [name for name in SYSTEMS if name != "voi-admit"]:
        out = RESULTS / name
        if args.profile:
            profile(name, args.profile, out)
        elif args.soak:
            with running(name, out, "soak") as run:
                client = run.client("soak", f"--calls {args.soak} --out {out}/soak.json")
                if client.wait(3600):
                    sys.exit(1)
        elif args.overload:
            with running(name, out, "overload") as run:
                if run.client("overload", f"--callers {args.overload} --out {out}/overload.json").wait(900):
                    sys.exit(1)
        elif args.minutes:
            with running(name, out, "hour") as run:
                hour = f"--minutes {args.minutes} --callers {args.callers} --out {out}/hour.json"
                if run.client("hour", hour).wait(args.minutes * 60 + 300):
                    sys.exit(1)
        else:
            ramp(name, [int(n) for n in args.levels.split(",")], args.turns_alone, args.turns, args.bisections, out)


if __name__ == "__main__":
    main()
