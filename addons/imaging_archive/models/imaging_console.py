from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

ROLES = ("hospital_admin", "operations", "platform_admin")
DAYS = 30
# Domains are the client's to open as well: each number is the count of the rows behind it.
DOUBTFUL = [("state", "=", "doubtful"), ("study_id.order_id", "=", False)]
INCOMPLETE = [("completeness", "=", "incomplete"), ("disposed", "=", False)]
QUARANTINED = [("state", "in", ["held", "releasing", "refused"])]
ALARMING = [("closed", "=", False)]
DAMAGED = [("state", "=", "open")]
UNDECIDED = [("state", "in", ["proposed", "requested"])]


class ImagingConsole(models.AbstractModel):
    """The imaging console (ARC-5.2): the archive in a few numbers, each leading to its rows."""

    _name = "imaging.console"
    _description = "Imaging Console"

    @api.model
    def get_numbers(self):
        """The cards and the chart, as far as the present user may read what they count."""
        if not any(self.env.user.has_group(f"imaging_base.group_{role}") for role in ROLES):
            raise AccessError(self.env._("The console is for administrators and operators."))
        today = fields.Date.context_today(self)
        since_midnight = [("day", "=", today.isoformat())]
        day_before = [("day", "=", (today - timedelta(days=1)).isoformat())]
        examined = [("study_date", "=", today.isoformat())]
        cards = [
            self._volume_card("stored", self.env._("Stored in Total"), []),
            self._volume_card("yesterday", self.env._("Stored Yesterday"), day_before),
            self._volume_card("today", self.env._("Stored Today"), since_midnight),
            self._count_card(
                "studies",
                self.env._("Studies Today"),
                "imaging.study",
                examined,
            ),
            self._count_card(
                "incomplete",
                self.env._("Incomplete Studies"),
                "imaging.study",
                INCOMPLETE,
                alert="warning",
            ),
            self._count_card(
                "quarantine",
                self.env._("Open Quarantine"),
                "imaging.quarantine",
                QUARANTINED,
                alert="warning",
            ),
            self._count_card(
                "matches",
                self.env._("Matches to Look at"),
                "imaging.match",
                DOUBTFUL,
                alert="warning",
            ),
            self._nodes_card(),
            self._count_card(
                "alarms",
                self.env._("Open Alarms"),
                "imaging.alarm",
                ALARMING,
                alert="danger",
            ),
            self._count_card(
                "damage",
                self.env._("Damaged Objects"),
                "imaging.damage",
                DAMAGED,
                alert="danger",
            ),
            self._count_card(
                "disposals",
                self.env._("Disposals to Decide"),
                "imaging.disposal",
                UNDECIDED,
            ),
        ]
        return {"cards": [card for card in cards if card], "chart": self._chart(today)}

    def _count_card(self, key, title, model, domain, *, alert=""):
        if not self.env[model].has_access("read"):
            return None
        count = self.env[model].search_count(domain)
        return {
            "key": key,
            "title": title,
            "value": count,
            "unit": "",
            "detail": "",
            "level": alert if count else "",
            "model": model,
            "domain": domain,
        }

    def _nodes_card(self):
        nodes = self.env["imaging.node"]
        if not nodes.has_access("read"):
            return None
        # The nodes are few.  pylint: disable=no-search-all
        every = nodes.search([])
        if not every:
            return None
        down = every.filtered(lambda node: not node.online or node.down_count)
        return {
            "key": "nodes",
            "title": self.env._("Nodes Down"),
            "value": len(down),
            "unit": "",
            "detail": self.env._("of %(count)s", count=len(every)),
            "level": "danger" if down else "",
            "model": "imaging.node",
            "domain": [("id", "in", down.ids)] if down else [],
        }

    def _volume_card(self, key, title, domain):
        volumes = self.env["imaging.storage.volume"]
        if not volumes.has_access("read"):
            return None
        size, images = volumes._read_group(domain, [], ["size_gb:sum", "instances:sum"])[0]
        # Before the first report nothing is known, which is no zero.
        known = bool(volumes.search_count([], limit=1))
        value, unit = ((size or 0) / 1000, "TB") if (size or 0) >= 1000 else (size or 0, "GB")
        return {
            "key": key,
            "title": title,
            "value": round(value, 2) if known else "—",
            "unit": unit if known else "",
            "detail": self.env._("%(count)s images", count=f"{images or 0:,}")
            if known
            else self.env._("Nothing reported yet"),
            "level": "",
            "model": "imaging.storage.volume",
            "domain": domain,
        }

    def _chart(self, today):
        """Gigabytes a day and modality of the last days, for a stacked bar chart."""
        if not self.env["imaging.storage.volume"].has_access("read"):
            return None
        days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        rows = self.env["imaging.storage.volume"]._read_group(
            [("day", ">=", days[0].isoformat())], ["modality", "day:day"], ["size_gb:sum"]
        )
        series = {}
        for modality, day, size in rows:
            series.setdefault(modality or "?", {})[day] = size
        return {
            "labels": [f"{day.month}-{day.day}" for day in days],
            "series": [
                {"label": name, "data": [round(sizes.get(day, 0), 3) for day in days]}
                for name, sizes in sorted(series.items())
            ],
        }
