"""The official Python SDK works a task graph off, as agents' clients do, in both protocol eras."""

import asyncio
import sys
import tempfile

from mcp import Client, StdioServerParameters
from mcp.types import PromptReference, ResourceTemplateReference

TASKS = "query://tasks/all"


def facts(result):
    assert not result.is_error, result.content
    return result.structured_content


async def read(client: Client) -> None:
    listed = {resource.uri for resource in (await client.list_resources()).resources}
    assert {TASKS, "docs://skills/worker"} <= {str(uri) for uri in listed}, listed
    tasks = (await client.read_resource(TASKS)).contents[0]
    assert tasks.mime_type == "application/json" and "queries" in tasks.text, tasks
    skill = (await client.read_resource("docs://skills/worker")).contents[0]
    assert skill.mime_type == "text/markdown" and skill.text.startswith("# "), skill

    tree = ResourceTemplateReference(type="ref/resource", uri="query://tasks/tree/{task_id}")
    begun = await client.complete(tree, {"name": "task_id", "value": "sch"})
    assert begun.completion.values == ["schema"], begun
    begun = await client.complete(PromptReference(type="ref/prompt", name="plan"), {"name": "task", "value": "q"})
    assert begun.completion.values == ["queries"], begun

    prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
    assert prompts == {"work", "plan", "review", "standup"}, prompts
    prompt = await client.get_prompt("plan", {"goal": "People can log in"})
    assert "Goal: People can log in" in prompt.messages[0].content.text, prompt


async def hear(client: Client, mode: str, told: asyncio.Queue) -> None:
    change = {"title": "News"}
    if mode == "legacy":
        await client.subscribe_resource(TASKS)
        await client.call_tool("create", change)
        return await asyncio.wait_for(told.get(), 10)
    async with client.listen(resource_subscriptions=[TASKS]) as stream:
        await client.call_tool("create", change)
        news = await asyncio.wait_for(anext(aiter(stream)), 10)
        assert str(news.uri) == TASKS, news


async def work(program: str, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = StdioServerParameters(command=program, args=["serve", "-C", folder])
        told = asyncio.Queue()

        async def note(message) -> None:
            if getattr(message, "method", None) == "notifications/resources/updated":
                await told.put(message)

        async with Client(server, mode=mode, message_handler=note) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert {"connect", "claim", "update", "create", "more"} <= tools, tools

            me = facts(await client.call_tool("connect", {"tags": ["rust"]}))["worker_id"]
            facts(await client.call_tool("create", {"title": "Write the schema", "id": "schema"}))
            facts(await client.call_tool("create", {"title": "Query it", "id": "queries", "blocked_by": ["schema"]}))

            first = facts(await client.call_tool("claim", {"worker_id": me}))
            assert first["task"]["id"] == "schema", first
            refused = await client.call_tool("claim", {"worker_id": me, "task": "queries"})
            assert refused.is_error and "error[blocked]" in refused.content[0].text, refused
            done = {"worker_id": me, "task": "schema", "status": "completed", "reason": "done", "next": True}
            second = facts(await client.call_tool("update", done))
            assert second["unblocked"] == ["queries"] and second["next"]["id"] == "queries", second

            unlisted = {"name": "status_summary", "arguments": {}}
            summary = facts(await client.call_tool("more", unlisted))
            assert summary["total"] == 2 and summary["held"] == 1, summary

            await read(client)
            await hear(client, mode, told)
    print(f"{mode}: {len(tools)} tools, two tasks worked off")


async def main() -> None:
    for mode in ["auto", "legacy"]:
        await work(sys.argv[1], mode)


asyncio.run(main())
