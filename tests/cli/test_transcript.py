"""What `voi talk` prints, on a terminal and in a pipe."""

import io
import json

from voi.cli.transcript import JsonLines, TranscriptLog


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines that a person sees, of a terminal that knows the two sequences which are used."""
        lines: list[str] = []
        for number, part in enumerate(self.getvalue().split("\x1b[")):
            text = part
            if number:
                if part.startswith("J"):
                    text = part[1:]
                elif part.split("F", 1)[0].isdigit():
                    up, text = part.split("F", 1)
                    del lines[len(lines) - int(up) :]
                else:
                    text = part.split("m", 1)[1]  # a colour
            for line in text.splitlines():
                lines += [line[at : at + 40] for at in range(0, len(line), 40)]
        return [line for line in lines if line]


def talk(out: io.StringIO) -> None:
    transcript = TranscriptLog(lambda: 1.0, out, lambda: 40)
    transcript.show(0, "you", "tell")
    transcript.show(0, "you", "Tell me more.")
    transcript.show(1, "agent", "Once upon")
    transcript.say("latency", "300 ms")
    transcript.show(1, "agent", "Once upon a time there was a little fox.")
    transcript.show(1, "agent", "Once upon a time there was a little fox. It ran.")
    transcript.finish()


def test_on_a_terminal_a_message_grows_in_its_place() -> None:
    terminal = Terminal()
    talk(terminal)
    whole = "".join(terminal.screen())
    assert whole.count("Once upon") == whole.count("you") == 1
    assert whole.endswith("It ran.   1.00 s  latency  300 ms")


def test_in_a_pipe_each_message_is_printed_once_when_it_is_done() -> None:
    pipe = io.StringIO()
    talk(pipe)
    assert [line[10:] for line in pipe.getvalue().splitlines()] == [
        " you      Tell me more.",
        " agent    Once upon a time there was a little fox. It ran.",
        " latency  300 ms",
    ]


def test_a_message_that_changes_later_is_printed_again() -> None:
    pipe = io.StringIO()
    transcript = TranscriptLog(lambda: 1.0, pipe)
    transcript.show(0, "you", "tel")
    transcript.show(1, "agent", "Yes?")
    transcript.show(0, "you", "tell me")
    transcript.finish()
    assert [line[11:] for line in pipe.getvalue().splitlines()] == ["you      tel", "agent    Yes?", "you      tell me"]


def test_a_message_of_which_nothing_was_heard_is_taken_away() -> None:
    out = io.StringIO()
    log = TranscriptLog(lambda: 1.0, out)
    log.show(1, "agent", "Good morning.")
    log.show(1, "agent", "")
    log.show(2, "you", "Hello.")
    log.finish()
    assert "Good" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 1


def test_an_object_a_line_for_programs() -> None:
    """A message once, when it is done; what is told of it follows it, however early that came."""
    out, now_s = io.StringIO(), iter((0.0, 0.1, 0.2, 0.31234, 0.4, 0.5))
    log = JsonLines(lambda: next(now_s), out)
    log.show(0, "you", "Gr\u00fc\u00df Gott")
    log.show(1, "agent", "Once")
    log.show(1, "agent", "Once upon a time.")
    log.say("latency", "sound 300 ms", sound_ms=300)
    log.say("error", "No.")
    log.finish()
    assert "Gr\u00fc\u00df" in out.getvalue()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"at_s": 0.0, "event": "message", "id": 0, "from": "you", "text": "Gr\u00fc\u00df Gott"},
        {"at_s": 0.2, "event": "message", "id": 1, "from": "agent", "text": "Once upon a time."},
        {"at_s": 0.312, "event": "latency", "sound_ms": 300},
        {"at_s": 0.4, "event": "error", "text": "No."},
    ]
