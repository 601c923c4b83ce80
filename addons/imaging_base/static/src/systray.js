import { registry } from "@web/core/registry";

// A clinical workplace has neither a chat nor to-dos nor companies to choose from.
for (const name of ["mail.messaging_menu", "mail.activity_menu", "SwitchCompanyMenu"]) {
    registry.category("systray").remove(name);
}
