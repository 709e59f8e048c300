"""What waits for a page: answers first and all, of news the last, of levels one."""

from __future__ import annotations

import asyncio

from appliance.panel.guest import ANSWERS, NEWS, Guest


def test_answers_come_first_then_news_then_the_last_level() -> None:
    async def life() -> None:
        guest = Guest()
        guest.level("level 1")
        guest.tell("news 1")
        guest.level("level 2")
        guest.tell("news 2")
        guest.answer("answer")
        assert [await guest.next() for _ in range(4)] == ["answer", "news 1", "news 2", "level 2"]

    asyncio.run(life())


def test_of_too_much_news_the_oldest_goes_and_no_answer() -> None:
    async def life() -> None:
        guest = Guest()
        for number in range(NEWS + 3):
            guest.tell(f"news {number}")
        for number in range(ANSWERS):
            await guest.room.acquire()
            guest.answer(f"answer {number}")
        assert guest.room.locked()
        told = [await guest.next() for _ in range(ANSWERS + NEWS)]
        assert told[ANSWERS] == "news 3"
        assert told[:ANSWERS] == [f"answer {number}" for number in range(ANSWERS)]
        assert not guest.room.locked()

    asyncio.run(life())


def test_whoever_waits_is_woken() -> None:
    async def life() -> None:
        guest = Guest()
        for put, line in ((guest.answer, "a"), (guest.tell, "b"), (guest.level, "c")):
            waits = asyncio.create_task(guest.next())
            await asyncio.sleep(0)
            assert not waits.done()
            put(line)
            assert await waits == line

    asyncio.run(life())
