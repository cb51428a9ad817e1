"""The provider that is played is one to the official SDKs, too."""

from typing import Any

from anthropic import Anthropic
from openai import OpenAI

from tests.gateway.batching.provider import Provider

MESSAGES: list[Any] = [{"role": "user", "content": "Lamp?"}]


def test_anthropic_s_sdk(provider: Provider) -> None:
    with Anthropic(base_url=provider.origin, api_key="k") as client:
        params: Any = {"model": "m", "max_tokens": 9, "messages": MESSAGES}
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
        assert batch.processing_status == "in_progress"
        provider.end()
        assert client.messages.batches.retrieve(batch.id).request_counts.succeeded == 1
        provider.batches[batch.id].status = "ended"
        assert client.messages.batches.list().data == []


def test_openai_s_sdk(provider: Provider) -> None:
    line = (
        b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions",'
        b'"body":{"model":"m","messages":[{"role":"user","content":"Lamp?"}]}}\n'
    )
    with OpenAI(base_url=f"{provider.origin}/v1", api_key="k") as client:
        file = client.files.create(file=("requests.jsonl", line), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        assert batch.status == "in_progress"
        provider.end()
        batch = client.batches.retrieve(batch.id)
        assert (batch.status, batch.error_file_id) == ("completed", None)
        assert batch.output_file_id
        assert '"custom_id": "a"' in client.files.content(batch.output_file_id).text
        assert client.batches.list().data == []
