"""The peer to beat: what a user would write in an afternoon, asked of the engine directly.

One plain instruction and three examples for each feature, a JSON Schema where JSON is wanted, no
proof, no repair. It answers in the service's form, so that the same figures can be made of it.
"""

import json
import re
from typing import Any, Final, get_args

import httpx

from app.features.tickets.schemas import Category, Sentiment, Urgency

_URGENCIES, _CATEGORIES, _SENTIMENTS = map(list, map(get_args, (Urgency, Category, Sentiment)))
_TICKET: Final = {
    "type": "object",
    "properties": {
        "issue": {"type": "string", "maxLength": 80},
        "product": {"anyOf": [{"type": "string", "maxLength": 60}, {"type": "null"}]},
        "urgency": {"enum": _URGENCIES},
        "category": {"enum": _CATEGORIES},
        "sentiment": {"enum": _SENTIMENTS},
        "summary": {"type": "string", "maxLength": 200},
    },
    "required": ["issue", "product", "urgency", "category", "sentiment", "summary"],
    "additionalProperties": False,
}
_TICKETS: Final = (
    (
        "Turn the support email into a ticket as JSON with the fields issue, product, urgency (low, "
        "medium, high, critical), category (billing, shipping, returns, defect, account, technical, "
        "feature_request, question, other), sentiment (very_negative to very_positive) and summary."
    ),
    [
        (
            "Subject: Broken mug\nMy Tassel mug arrived in pieces. Please send a new one.",
            (
                '{"issue":"Mug arrived broken","product":"Tassel mug","urgency":"medium",'
                '"category":"defect","sentiment":"negative","summary":"The mug arrived broken and the '
                'customer wants a new one."}'
            ),
        ),
        (
            "Subject: Question\nDoes the Orrin scarf come in blue?",
            (
                '{"issue":"Asks for a colour","product":"Orrin scarf","urgency":"low",'
                '"category":"question","sentiment":"neutral","summary":"The customer asks whether the '
                'scarf comes in blue."}'
            ),
        ),
        (
            (
                "Subject: No access!!\nSince the update nobody in our office can open Calendra. We "
                "lose money every hour."
            ),
            (
                '{"issue":"Nobody can open the software","product":"Calendra","urgency":"critical",'
                '"category":"technical","sentiment":"very_negative","summary":"Nobody in the office can '
                'open the software since the update."}'
            ),
        ),
    ],
)
_ANSWERS: Final = (
    (
        "Answer the customer's question briefly from the documents. If the documents do not contain "
        "the answer, say: I don't know."
    ),
    [
        (
            (
                "Orrin scarf: The scarf is 180 cm long. It is made of merino wool.\n\nQuestion: What "
                "is it made of?"
            ),
            "The scarf is made of merino wool.",
        ),
        (
            "Delivery: We deliver within three working days.\n\nQuestion: Do you ship to Norway?",
            "I don't know.",
        ),
        (
            (
                "Tassel mug: The mug holds 300 ml and is safe in the dishwasher.\n\nQuestion: May I "
                "put it in the dishwasher?"
            ),
            "Yes, the mug is safe in the dishwasher.",
        ),
    ],
)
_TRANSLATIONS: Final = (
    "Translate the customer's review into natural English. Write the translation only.",
    [
        ("Der Schal ist sehr weich und warm.", "The scarf is very soft and warm."),
        ("La taza llegó rota, qué pena.", "The mug arrived broken, what a pity."),
        ("Livraison rapide, rien à redire.", "Fast delivery, no complaints."),
    ],
)


async def ask_plainly(
    client: httpx.AsyncClient, feature: str, body: dict[str, Any]
) -> dict[str, Any]:
    """The engine's answer to a request, in the form of the service's."""
    match feature:
        case "tickets":
            ticket = json.loads(await _said(client, _TICKETS, email_of(body), schema=_TICKET))
            return {"language": None, **ticket}
        case "answers":
            text = await _said(client, _ANSWERS, _question_of(body))
            knows = not re.search(r"I don.t know", text)
            action = "answer" if knows else "unknown"
            return {"answer": text, "action": action, "citations": []}
        case _:
            text = await _said(client, _TRANSLATIONS, body["text"][0])
            return {"translations": [{"text": text}]}


def email_of(body: dict[str, Any]) -> str:
    subject = body.get("subject")
    return f"Subject: {subject}\n{body['body']}" if subject else body["body"]


def _question_of(body: dict[str, Any]) -> str:
    documents = [f"{d.get('title', '')}: {d['text']}" for d in body["documents"]]
    return "\n".join(documents) + f"\n\nQuestion: {body['question']}"


async def _said(
    client: httpx.AsyncClient,
    prompt: tuple[str, list[tuple[str, str]]],
    asked: str,
    schema: dict[str, Any] | None = None,
) -> str:
    instruction, examples = prompt
    messages = [{"role": "system", "content": instruction}]
    for user, assistant in examples:
        messages.append({"role": "user", "content": user})
        messages.append({"role": "assistant", "content": assistant})
    messages.append({"role": "user", "content": asked})
    body: dict[str, Any] = {"messages": messages, "temperature": 0, "max_tokens": 400}
    if schema:
        named = {"name": "ticket", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    response = await client.post("/v1/chat/completions", json=body)
    response.raise_for_status()
    return str(response.json()["choices"][0]["message"]["content"]).strip()
