from voi.engines.stt.whisper.passes import Hypothesis, better


def test_the_better_of_two_attempts() -> None:
    sure, unsure, worse = (Hypothesis((), avg_logprob=value) for value in (-0.4, -1.1, -2.0))
    loop = Hypothesis((), avg_logprob=-0.1, compression_ratio=9.0)
    silence = Hypothesis((), avg_logprob=-1.3, no_speech_prob=0.9)
    assert better(None, worse) is worse
    assert better(unsure, sure) is better(sure, unsure) is sure
    assert better(unsure, worse) is unsure
    assert better(loop, unsure) is unsure
    assert better(silence, unsure) is silence


def test_doubt_and_silence() -> None:
    assert Hypothesis((), avg_logprob=-1.2).doubtful
    assert Hypothesis((), compression_ratio=3.0).doubtful
    quiet = Hypothesis((), avg_logprob=-1.2, no_speech_prob=0.7)
    assert quiet.silent
    assert not quiet.doubtful
