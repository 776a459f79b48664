"""The official Python SDK works a task graph off, as agents' clients do, in both protocol eras."""

import asyncio
import sys
import tempfile

from mcp import Client, StdioServerParameters


def facts(result):
    assert not result.is_error, result.content
    return result.structured_content


async def work(program: str, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = StdioServerParameters(command=program, args=["serve", "-C", folder])
        async with Client(server, mode=mode) as client:
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
    print(f"{mode}: {len(tools)} tools, two tasks worked off")


async def main() -> None:
    for mode in ["auto", "legacy"]:
        await work(sys.argv[1], mode)


asyncio.run(main())
