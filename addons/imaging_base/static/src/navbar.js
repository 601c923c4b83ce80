import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

// A clinical workplace has neither a chat nor to-dos nor companies to choose from, and leads to
// no foreign host.
for (const name of ["mail.messaging_menu", "mail.activity_menu", "SwitchCompanyMenu"]) {
    registry.category("systray").remove(name);
}
const items = registry.category("user_menuitems");
for (const name of ["support", "shortcuts", "separator", "odoo_account", "im_status"]) {
    items.remove(name);
}
// Odoo's own Chinese lacks this word.
const preferences = items.get("preferences");
items.add(
    "preferences",
    (env) => ({ ...preferences(env), description: _t("My settings") }),
    { force: true },
);
