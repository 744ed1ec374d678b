"""Signals as a question."""

import os
import signal

import pytest

from pixcon_train.core.signals import StopRequest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_signal_is_remembered(number: signal.Signals, code: int) -> None:
    told = []
    before = signal.getsignal(number)
    with StopRequest(told.append) as interruption:
        assert not interruption.requested
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.requested
    assert (interruption.name, interruption.exit_code, told) == (number.name, code, [number.name])
    assert signal.getsignal(number) is before


def test_a_hang_up_that_nohup_switched_off_stays_off() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interruption.requested
    finally:
        signal.signal(signal.SIGHUP, before)
