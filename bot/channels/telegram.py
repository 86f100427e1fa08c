"""Telegram: a bot of @BotFather's, by long polling or webhook (core.telegram.org/bots/api)."""

from bot.channels.base import Capabilities, Channel
from bot.rates import Rates
from bot.settings import Settings, on_loopback

NAME = "telegram"


class Telegram(Channel):
    """The channel of one bot token. `secret` comes in the header of its webhook."""

    name = NAME
    rates = Rates(total=29.5, total_burst=3, chat=1.0, chat_burst=3, group=20.0)

    def __init__(self, settings: Settings, secret: str) -> None:
        self.settings, self.secret = settings, secret
        self.account = settings.telegram_bot_token.partition(":")[0]
        self.on_trial = on_loopback(settings.telegram_api_url)
        self.capabilities = Capabilities(
            text_length=4096,
            buttons=100,
            edits=True,
            attachments="separate",
            shares=frozenset({"phone", "place"}),
            masks=settings.telegram_personal_data == "masked",
        )
