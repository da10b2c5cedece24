"""Two Bot API libraries drive the simulator as they drive Telegram."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message, WebAppInfo
from telebot import TeleBot, apihelper
from telebot.apihelper import ApiTelegramException

from .conftest import ANA, BEA, Sim
from .pictures import png


def in_a_loop(talk: Coroutine[Any, Any, None]) -> None:
    """Runs it in a thread of its own: where a browser is about, this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, talk).result()


def aiogram_bot(sim: Sim) -> Bot:
    server = TelegramAPIServer.from_base(sim.running.url)
    return Bot(sim.running.token, session=AiohttpSession(api=server))


def test_aiogram_polls_answers_and_uploads(sim: Sim) -> None:
    async def talk() -> None:
        async with aiogram_bot(sim) as bot:
            dispatcher = Dispatcher()

            @dispatcher.message()
            async def hello(message: Message) -> None:
                app = InlineKeyboardButton(text="Abrir", web_app=WebAppInfo(url="https://example.org/app"))
                await message.answer("Hola", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[app]]))
                photo = await message.answer_photo(BufferedInputFile(png(40, 30), "a.png"), caption="foto")
                assert photo.photo
                got = await bot.download(photo.photo[-1])
                assert got and got.read() == png(40, 30)
                await dispatcher.stop_polling()

            sim.do("start", person="ana", payload="pkg_1")
            await asyncio.wait_for(dispatcher.start_polling(bot, handle_signals=False), 10)

    in_a_loop(talk())
    texts = [message.get("text") or message.get("caption") for message in sim.look("messages", chat="ana")["messages"]]
    assert texts == ["/start pkg_1", "Hola", "foto"]


def test_aiogram_understands_the_refusals(sim: Sim, ana: int) -> None:
    async def talk() -> None:
        async with aiogram_bot(sim) as bot:
            sim.do("faults", rules=[{"kind": "429", "method": "sendMessage", "retry_after": 9}])
            with pytest.raises(TelegramRetryAfter) as late:
                await bot.send_message(ANA, "x")
            assert late.value.retry_after == 9
            sim.do("block", person="ana")
            with pytest.raises(TelegramForbiddenError):
                await bot.send_message(ANA, "x")

    in_a_loop(talk())


@pytest.fixture
def telebot(sim: Sim, monkeypatch: pytest.MonkeyPatch) -> TeleBot:
    monkeypatch.setattr(apihelper, "API_URL", f"{sim.running.url}/bot{{0}}/{{1}}")
    monkeypatch.setattr(apihelper, "FILE_URL", f"{sim.running.url}/file/bot{{0}}/{{1}}")
    monkeypatch.setattr(apihelper, "CUSTOM_REQUEST_SENDER", None)  # the product's own, where its tests ran here before
    return TeleBot(sim.running.token, threaded=False, parse_mode="HTML")


def test_telebot_reads_writes_and_downloads(sim: Sim, telebot: TeleBot) -> None:
    sim.do("start", person="bea")
    update = telebot.get_updates(timeout=1)[0]
    assert (update.message.text, update.message.from_user.is_premium) == ("/start", True)
    sent = telebot.send_message(BEA, "Hola, <b>Bea</b> &amp; co")
    assert (sent.text, sent.entities[0].type) == ("Hola, Bea & co", "bold")
    edited = telebot.edit_message_text("Adiós", BEA, sent.message_id)
    assert edited.text == "Adiós"
    photo = telebot.send_photo(BEA, png(30, 30)).photo[-1]
    assert telebot.download_file(telebot.get_file(photo.file_id).file_path) == png(30, 30)
    assert telebot.get_chat_member(-1001000000002, telebot.get_me().id).can_invite_users
    apihelper._get_req_session(reset=True)


def test_telebot_understands_the_refusals(sim: Sim, telebot: TeleBot) -> None:
    with pytest.raises(ApiTelegramException, match="chat not found") as refused:
        telebot.send_message(1, "x")
    assert refused.value.error_code == 400
    apihelper._get_req_session(reset=True)
