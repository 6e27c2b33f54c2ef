"""What users do with a chat model in agents and graphs; importing this adds them to the scenarios."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from tests.langchain.scenarios import QUESTION, SCENARIOS, TOOLS, all_of, scenario

__all__ = ["SCENARIOS"]


def _agent(model: Any) -> Any:
    return create_agent(model, tools=TOOLS, system_prompt="Be brief.")


@scenario
def tool_agent(model: Any, config: Any) -> Any:
    return _agent(model).invoke({"messages": [HumanMessage(QUESTION)]}, config)["messages"]


@scenario
async def tool_agent_async(model: Any, config: Any) -> Any:
    return (await _agent(model).ainvoke({"messages": [HumanMessage(QUESTION)]}, config))["messages"]


@scenario
def tool_agent_messages_mode(model: Any, config: Any) -> Any:
    config = {**config, "max_concurrency": None}  # LangGraph's stream needs a thread beside the graph's
    chunks = _agent(model).stream({"messages": [HumanMessage(QUESTION)]}, config, stream_mode="messages")
    return [(chunk, metadata["langgraph_node"]) for chunk, metadata in chunks]


@scenario
async def tool_agent_events(model: Any, config: Any) -> Any:
    events = await all_of(_agent(model).astream_events({"messages": [HumanMessage(QUESTION)]}, config))
    return [(event["event"], event["name"], event["tags"]) for event in events]


@scenario
def graph_messages_mode(model: Any, config: Any) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("answer", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_edge(START, "answer")
    config = {**config, "max_concurrency": None}
    chunks = graph.compile().stream({"messages": [HumanMessage("Hi")]}, config, stream_mode="messages")
    return [chunk for chunk, _ in chunks]
