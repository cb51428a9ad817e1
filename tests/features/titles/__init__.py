"""Notes into titles."""

from fastapi import APIRouter
from pydantic import Field

from app.features.feature import Feature
from app.features.proofs import Check
from app.features.routes import stream_route
from app.features.wire import Output, Passage, Reply, Request, examples
from app.web.deps import GatewayDep
from app.web.problems import PROBLEMS


class Note(Request):
    """A note."""

    model_config = examples({"text": "We met about the website. Ana finishes it by Friday."})

    text: Passage = Field(description="The note.")


class Title(Output):
    """What a note is about."""

    title: str = Field(max_length=80, description="In one line.")


def one_line(_note: Note, title: Title) -> Check:
    """A title has no line breaks."""
    return Check("one_line", "\n" not in title.title, advice="Write it in one line.")


FEATURE = Feature("titles", asks=Note, gives=Title, proofs=[one_line])

router = APIRouter(prefix="/titles", tags=["titles"], responses=PROBLEMS)
ROUTERS = (router,)


@router.post("", summary="Find the title of a note")
async def create_title(note: Note, gateway: GatewayDep) -> Reply[Title]:
    """One line of at most 80 characters."""
    return await FEATURE.run(note, gateway)


stream_route(router, FEATURE)
