"""Connections: headers, queries, certificates and proxies, against real servers."""

from __future__ import annotations

import ssl
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from prism_engine.backends.chat.api import ChatApi, probe
from prism_engine.backends.chat.credentials import Credentials, resolve_credentials
from prism_engine.backends.chat.transport import Transport
from prism_engine.config import ApiModel
from prism_engine.errors import BackendError, DeadError, RejectedError, UnreachableError
from prism_engine.records import Outcome
from tests.backends.calls import call_of
from tests.certificates import self_signed

KEY = "sk-planted-0123456789abcdef"
REPLY = {"choices": [{"message": {"content": "B."}, "finish_reason": "stop"}]}


@asynccontextmanager
async def serving(*, tls=None, host="127.0.0.1", answer=REPLY, status=200, **headers):
    """Serve any path; yield the address and the list of requests so far."""
    requests = []

    async def handle(request):
        requests.append(request)
        return web.json_response(answer, status=status, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}", requests
    finally:
        await runner.cleanup()


async def asked(base_url, *, environ=None, **spec):
    model = ApiModel(model="m", base_url=base_url, attempts=1, **({"api_key_env": None} | spec))
    api = ChatApi(model, resolve_credentials(model, environ or {}))
    try:
        return await api.generate(call_of())
    finally:
        await api.aclose()


async def test_a_deployment_on_azure_gets_its_query_and_its_headers():
    async with serving() as (url, requests):
        base_url = f"{url}/openai/deployments/gpt4o/chat/completions?api-version=2024-06-01"
        headers = {"api-key": "${AZ}", "X-Title": "study", "authorization": "Token ${OTHER}"}
        done = await asked(base_url, headers=headers, environ={"AZ": KEY, "OTHER": "other-secret"}, api_key_env="AZ")
    assert done.outcome is Outcome.OK
    (request,) = requests
    assert request.raw_path == "/openai/deployments/gpt4o/chat/completions?api-version=2024-06-01"
    assert request.headers.getall("Authorization") == ["Token other-secret"]
    assert (request.headers["api-key"], request.headers["X-Title"]) == (KEY, "study")
    assert request.headers["Content-Type"] == "application/json"


async def test_a_header_with_the_key_is_sent_without_a_bearer_token():
    async with serving() as (url, requests):
        spec = ApiModel(model="m", base_url=url, headers={"api-key": "${AZ}"})
        await asked(url, headers=spec.headers, api_key_env=spec.api_key_env, environ={"AZ": KEY})
    assert "Authorization" not in requests[0].headers


async def test_a_refused_bearer_token_on_azure_names_the_header():
    async with serving(answer={"error": {"message": "Access denied"}}, status=401) as (url, _):
        with pytest.raises(DeadError, match=r'refused.*check AZ; .*`headers: \{api-key: "\$\{AZ\}"\}`'):
            await asked(f"{url}/openai/deployments/d?api-version=1", api_key_env="AZ", environ={"AZ": KEY})


async def test_a_deployment_on_azure_that_lists_no_models_is_no_trouble():
    async with serving(answer={}, status=404) as (url, requests):
        spec = ApiModel(model="m", base_url=f"{url}/openai/deployments/d?api-version=1", api_key_env=None)
        with pytest.raises(RejectedError, match="does not list its model"):
            await probe(spec, resolve_credentials(spec, {}))
    assert requests[0].raw_path == "/openai/deployments/d/models?api-version=1"


@pytest.mark.parametrize("status", [200, 307, 400, 500])
async def test_secrets_in_headers_are_redacted_from_headers_and_bodies(status):
    answer = {"choices": [{"message": {"content": f"{KEY} hunter2"}}], "error": {"message": f"{KEY} hunter2"}}
    headers = {"x-gateway-token": "Bearer ${A}", "x-other": "${B}"}
    async with serving(answer=answer, status=status, Location=f"http://h/{KEY}/hunter2/x") as (url, _):
        try:
            shown = repr(await asked(url, headers=headers, environ={"A": KEY, "B": "hunter2"}))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not contain them
            shown = repr(error)
    assert "***" in shown
    assert KEY not in shown
    assert "hunter2" not in shown


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of 127.0.0.1: the server's context, and the path of the PEM file."""
    pem, private = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_each_variable_makes_a_private_authority_trusted(variable, certificate, monkeypatch):
    context, pem = certificate
    monkeypatch.setenv(variable, str(pem))
    async with serving(tls=context) as (url, _):
        assert (await asked(url)).outcome is Outcome.OK


async def test_an_untrusted_certificate_names_the_variables_and_the_key_is_not_sent(certificate):
    async with serving(tls=certificate[0]) as (url, requests):
        with pytest.raises(DeadError, match="set SSL_CERT_FILE or REQUESTS_CA_BUNDLE"):
            await asked(url, api_key_env="A", environ={"A": KEY})
    assert requests == []


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_variable_that_names_no_certificates_is_named(content, monkeypatch, tmp_path):
    path = tmp_path / "missing.pem"
    if content:
        path.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with pytest.raises(DeadError, match=r"REQUESTS_CA_BUNDLE: .*missing\.pem: no readable certificates"):
        await asked("https://127.0.0.1:9/v1")


async def test_a_proxy_is_used_except_for_addresses_in_no_proxy(monkeypatch):
    async with serving(answer=REPLY) as (proxy, through), serving(host="127.0.0.2") as (url, direct):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        await asked(f"{url}/v1?api-version=1")
        assert (len(through), len(direct)) == (1, 0)
        monkeypatch.setenv("NO_PROXY", "127.0.0.2,example.org")
        await asked(f"{url}/v1?api-version=1")
    assert [request.raw_path for request in direct] == ["/v1/chat/completions?api-version=1"]
    assert len(through) == 1


async def test_a_proxy_gets_the_name_and_password_in_its_address(monkeypatch):
    async with serving(answer=REPLY) as (proxy, through):
        monkeypatch.setenv("HTTP_PROXY", proxy.replace("//", "//me:secret@"))
        await asked("http://127.0.0.2:9/v1", api_key_env="A", environ={"A": KEY})
    (request,) = through
    assert request.headers["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
    assert request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://me:secret@PROXY", "ClientHttpProxyError"),
        ("me:secret@PROXY", "ClientHttpProxyError"),
        ("http://me:secret@127.0.0.1:99999", "HTTPS_PROXY: not the address of a proxy"),
        ("http://me:secret@[::1", "HTTPS_PROXY: not the address of a proxy"),
        ("http://me:secret@", "HTTPS_PROXY: not the address of a proxy"),
        ("socks5://me:secret@127.0.0.1:9", "HTTPS_PROXY: prism uses HTTP proxies only"),
        ("http://me:secret@127.0.0.1:9", r"127\.0\.0\.1:9"),
    ],
)
async def test_no_error_shows_the_password_of_a_proxy(proxy, reason, monkeypatch):
    async with serving() as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("PROXY", address.removeprefix("http://")))
        async with aclosing(Transport(Credentials())) as transport:
            with pytest.raises(BackendError, match=reason) as caught:
                await transport.exchange("POST", "https://127.0.0.2:9/v1", body=b"{}", seconds=20)
    assert "secret" not in str(caught.value)


async def test_a_proxy_may_be_written_without_a_scheme(monkeypatch):
    async with serving(answer=REPLY) as (proxy, through):
        monkeypatch.setenv("HTTP_PROXY", proxy.removeprefix("http://"))
        await asked("http://127.0.0.2:9/v1")
    assert len(through) == 1


async def test_a_password_in_netrc_does_not_conflict_with_the_key(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.2 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(host="127.0.0.2", answer=REPLY) as (url, requests):
        await asked(f"{url}/v1", api_key_env="A", environ={"A": KEY})
    assert [request.headers["Authorization"] for request in requests] == [f"Bearer {KEY}"]


async def test_a_dead_proxy_says_that_nothing_was_reached(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises((DeadError, UnreachableError), match=r"127\.0\.0\.1:9"):
        await asked("http://127.0.0.2:9/v1")
