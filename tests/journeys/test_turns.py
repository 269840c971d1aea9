"""Long work takes turns: whoever brings much of it waits behind others, and others not behind all of it."""

from __future__ import annotations

import asyncio

from lockgate.journeys.turns import Turns


async def test_one_at_a_time_and_one_person_after_the_other() -> None:
    turns, order, inside = Turns(), list[str](), 0

    async def work(person: str) -> None:
        nonlocal inside
        async with turns.of(person):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(person)
            inside -= 1

    many = [asyncio.create_task(work("many")) for _ in range(20)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(work(name)) for name in ("ann", "bob")]
    await asyncio.gather(*many, *others)
    assert max(order.index("ann"), order.index("bob")) <= 4
    assert turns._own == {}


async def test_who_hangs_up_while_waiting_leaves_no_place_taken() -> None:
    turns = Turns()
    async with turns.of("ann"):
        waiting = [asyncio.create_task(turns.of(name).__aenter__()) for name in ("ann", "bob", "ann")]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert turns._own == {}
    async with asyncio.timeout(1), turns.of("carol"):
        pass
