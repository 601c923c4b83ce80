from odoo import api, fields, models
from odoo.fields import Domain

from .. import matching, person_name
from .imaging_match import MADE
from .imaging_retrieval_plan import TIMEZONE

BATCH = 500
# A key that so many share (a placeholder such as 0000) says nothing.
MAX_SHARING = 50


class ImagingMatch(models.Model):
    """Finds matches in batches: candidates by equal keys, never each against each."""

    _inherit = "imaging.match"

    @api.model
    def _cron_match(self):
        """What is new or has changed, so many at a time; comes again while there is more."""
        studies = self.env["imaging.study"].search(
            [("match_due", "=", True)], order="id", limit=BATCH
        )
        orders = self.env["imaging.order"].search(
            [("match_due", "=", True)], order="id", limit=BATCH
        )
        self._match_studies(studies)
        self._match_orders(orders)
        studies.match_due = False
        orders.match_due = False
        if len(studies) == BATCH or len(orders) == BATCH:
            self.env.ref("imaging_archive.cron_match")._trigger()

    def _match_orders(self, orders):
        """The studies that `orders` might belong to are looked at again."""
        orders = orders.filtered(lambda order: order.state != "cancelled")
        sides = [self._side_of_order(order) for order in orders]
        if sides:
            self._match_studies(self._candidates(sides, "imaging.study"))

    def _match_studies(self, studies):
        studies = studies.filtered(lambda study: not study.disposed)
        if not studies:
            return
        # The rules are few.  pylint: disable=no-search-all
        rules = self.env["imaging.match.rule"].search([])._as_data()
        sides = {study.id: self._side_of_study(study) for study in studies}
        orders = self._candidates(sides.values(), "imaging.order")
        by_key = {}
        for order in orders:
            side = self._side_of_order(order)
            for key in matching.keys(side):
                by_key.setdefault(key, {})[side.id] = side
        known = {}
        for match in self.search([("study_id", "in", studies.ids)]):
            known.setdefault(match.study_id.id, {})[match.order_id.id] = match
        taken = self._taken(orders)
        created = []
        for study in studies:
            side = sides[study.id]
            candidates = {}
            for key in matching.keys(side):
                found = by_key.get(key, {})
                if len(found) <= MAX_SHARING:
                    candidates |= found
            fits = {
                number: found
                for number, candidate in candidates.items()
                if (found := matching.best(side, candidate, rules))
            }
            created.extend(self._propose(study, fits, known.get(study.id, {}), taken))
        self.create(created)._make_automatic()

    def _taken(self, orders):
        """The studies that hold each order already: {order: {study}}."""
        taken = {}
        for match in self.search([("order_id", "in", orders.ids), ("state", "in", MADE)]):
            taken.setdefault(match.order_id.id, set()).add(match.study_id.id)
        return taken

    def _propose(self, study, fits, known, taken):
        """Values of the matches to add for one study; those there are brought up to date."""
        held = any(match.state in MADE for match in known.values())
        chosen = self._only_automatic(study, fits, known, taken) if not held else None
        values = []
        for number, fit in fits.items():
            found = known.get(number)
            outcome = {
                "confidence": fit.confidence,
                "rule_id": fit.rule,
                "outcomes": [list(one) for one in fit.outcomes],
            }
            if found:
                # What a person decided stays; what is open may become certain.
                if found.state == "doubtful":
                    found.write(outcome)
                    if number == chosen:
                        found.state = "automatic"
                        found._make()
            elif not held:
                values.append(
                    {
                        **outcome,
                        "study_id": study.id,
                        "order_id": number,
                        "hospital_id": study.hospital_id.id,
                        "state": "automatic" if number == chosen else "doubtful",
                    }
                )
        # What no longer fits leaves the work list.
        for number, match in known.items():
            if match.state == "doubtful" and number not in fits:
                match.unlink()
        if chosen:
            taken.setdefault(chosen, set()).add(study.id)
            values = [one for one in values if one["order_id"] == chosen]
        return values

    def _only_automatic(self, study, fits, known, taken):
        """The order that matches without asking: one alone, that no other study holds."""
        certain = [
            number
            for number, fit in fits.items()
            if fit.automatic
            and (number not in known or known[number].state in ("doubtful", *MADE))
            and not taken.get(number, set()) - {study.id}
        ]
        if not certain:
            return None
        best = max(fits[number].confidence for number in certain)
        certain = [number for number in certain if fits[number].confidence == best]
        return certain[0] if len(certain) == 1 else None

    def _make_automatic(self):
        self.filtered(lambda match: match.state == "automatic")._make()

    def _candidates(self, sides, model):
        """The records of `model` that share a key with one of `sides`."""
        values = {}
        for side in sides:
            for name, hospital, value in matching.keys(side):
                values.setdefault(hospital, {}).setdefault(name, set()).add(value)
        records = self.env[model]
        state = [("state", "!=", "cancelled")] if model == "imaging.order" else []
        found = records
        for hospital, names in values.items():
            domains = []
            for name, wanted in names.items():
                if name == "person":
                    domains.append(
                        Domain("patient_birth_date", "in", list({born for born, _ in wanted}))
                    )
                else:
                    domains.append(Domain(name, "in", list(wanted)))
            for domain in domains:
                found |= records.search(
                    Domain("hospital_id", "=", hospital) & domain & Domain(state),
                    order="id desc",
                    limit=BATCH * MAX_SHARING,
                )
        return found

    @api.model
    def _side_of_study(self, study):
        return self._side(study, study.study_date or None)

    @api.model
    def _side_of_order(self, order):
        moment = order.scheduled_at or order.registered_at
        # The date on the wall of the hospital.
        there = order.with_context(tz=order.hospital_id.tz or TIMEZONE)
        day = moment and fields.Datetime.context_timestamp(there, moment).date()
        return self._side(order, day or None)

    @api.model
    def _side(self, record, day):
        names = (record.patient_name, record.patient_alphabetic_name)
        return matching.Side(
            id=record.id,
            hospital=record.hospital_id.id,
            accession_number=record.accession_number or "",
            patient_number=record.patient_number or "",
            study_uid=record.study_uid or "",
            names=frozenset(person_name.folded(name) for name in names if name),
            patient_birth_date=record.patient_birth_date or None,
            patient_sex=record.patient_sex or "",
            modality=record.modality or "",
            day=day,
        )
