"""LangServe: a chain of prompt, ChatOpenAI and the parsed ticket at /tickets/invoke."""

from fastapi import FastAPI
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langserve import add_routes
from upstream import API_KEY, BASE_URL, TICKETS, ticket_messages
from wire import Email, Reading

_KINDS: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}

*shown, _ = ticket_messages("", "")
prefix = [_KINDS[message["role"]](message["content"]) for message in shown]
prompt = ChatPromptTemplate.from_messages([*prefix, ("user", "Subject: {subject}\n{body}")])
options = {key: value for key, value in TICKETS.items() if key != "response_format"}
model = ChatOpenAI(base_url=BASE_URL, api_key=API_KEY, **options).bind(
    response_format=TICKETS["response_format"]
)
parse = RunnableLambda(lambda message: Reading.model_validate_json(message.content))
chain = (prompt | model | parse).with_types(input_type=Email, output_type=Reading)

app = FastAPI()
add_routes(app, chain, path="/tickets")
