"""The key reaches the server and nothing else."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest
from trial_sampler import ModelError, SamplerError
from trial_sampler.server import ServerSampler, ServerSettings
from trial_sampler.server.address import ApiKey

KEY = "sk-very-secret-0123456789abcdef"


def test_the_key_goes_to_the_server(
    server: Any, sampler_of: Any, ask_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler_of().sample([ask_text()])
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")  # as `$(cat key)` leaves it
    monkeypatch.setenv("OTHER_KEY", "other")
    sampler_of().sample([ask_text()])
    sampler_of(api_key_variable="OTHER_KEY").sample([ask_text()])
    sampler_of(api_key_variable="").sample([ask_text()])
    sent = [seen.headers.get("authorization") or seen.headers.get("Authorization") for seen in server.seen]
    assert sent == [None, f"Bearer {KEY}", "Bearer other", None]


ECHOES = [
    f"bad key {KEY}",
    f'{{"error": {{"message": "no {KEY} here"}}}}',
    f"{'x' * 280} {KEY}",  # the message is shortened: not to a part of the key
    "sk-v***cdef is bad",
    f"{KEY[:14]}... is bad",
]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 302])
def test_a_key_that_the_server_echoes_is_nowhere(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, status: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    sampler = sampler_of(most_retries=1)
    for echo in ECHOES:
        server.script = lambda seen, echo=echo: reply(echo, status, {"Retry-After": "0"})
        try:
            shown = repr(sampler.sample([ask_text()]))
        except ModelError as error:
            shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__)
        everything = " ".join([shown, caplog.text, repr(sampler), repr(vars(sampler)), str(sampler.settings)])
        assert str(status) in shown
        for piece in (KEY, KEY[:12], "sk-v"):
            assert piece not in everything


def test_a_key_in_a_reply_with_a_good_status_is_nowhere(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    odd = complete("a")
    odd["choices"][0]["finish_reason"] = KEY
    for body in (KEY, {"error": KEY}, odd):
        server.script = lambda seen, body=body: reply(body)
        (result,) = sampler_of().sample([ask_text()])
        assert result.error.reason == "bad_reply"
        assert "secret" not in repr(result)


def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bad in ("sk-secret\nsk-more", "sk-secret two", "sk-secrét"):
        monkeypatch.setenv("OPENAI_API_KEY", bad)
        with pytest.raises(SamplerError, match="key in OPENAI_API_KEY must be printable ASCII") as error:
            ServerSampler(server.base_url, "m")
        assert "secr" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize(
    "address",
    [f"http://user:{KEY}@host/v1", f"https://host/v1?key={KEY}", f"https://host/v1#{KEY}"],
)
def test_credentials_in_the_address_are_refused_without_showing_them(address: str) -> None:
    with pytest.raises(SamplerError, match="keys come from the environment") as error:
        ServerSampler(address, "m")
    assert KEY not in "".join(traceback.format_exception(error.value))


def test_a_key_does_not_show_in_its_own_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert repr(ApiKey(ServerSettings().api_key_variable)) == "ApiKey(...)"
