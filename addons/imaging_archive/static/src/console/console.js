import { Component, onMounted, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const REFRESH = 60000;
const COLOURS = [
    "#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#17becf", "#d62728", "#8c564b", "#bcbd22", "#e377c2", "#7f7f7f",
];
// Which views the rows behind a number open in.
const VIEWS = {
    "imaging.storage.volume": ["graph", "pivot", "list"],
    "imaging.study": ["list", "kanban", "form"],
    "imaging.alarm": ["list"],
    "imaging.damage": ["list"],
};

export class ImagingConsole extends Component {
    static template = "imaging_archive.Console";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.canvas = useRef("canvas");
        this.state = useState({ cards: [], at: "" });
        onWillStart(async () => {
            await Promise.all([this.load(), loadBundle("web.chartjs_lib")]);
        });
        onMounted(() => {
            this.draw();
            this.timer = setInterval(async () => {
                await this.load();
                this.draw();
            }, REFRESH);
        });
        onWillUnmount(() => {
            clearInterval(this.timer);
            this.drawn?.destroy();
        });
    }

    async load() {
        const { cards, chart } = await this.orm.call("imaging.console", "get_numbers", []);
        this.chart = chart;
        this.state.cards = cards;
        this.state.at = luxon.DateTime.now().toFormat("HH:mm");
    }

    draw() {
        this.drawn?.destroy();
        if (!this.canvas.el || !this.chart) {
            return;
        }
        const datasets = this.chart.series.map((one, number) => ({
            ...one,
            backgroundColor: COLOURS[number % COLOURS.length],
        }));
        this.drawn = new Chart(this.canvas.el, {
            type: "bar",
            data: { labels: this.chart.labels, datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                scales: {
                    x: { stacked: true, grid: { display: false } },
                    y: { stacked: true, beginAtZero: true, title: { display: true, text: "GB" } },
                },
                plugins: { legend: { position: "bottom" } },
            },
        });
    }

    open(card) {
        const views = VIEWS[card.model] || ["list", "form"];
        this.action.doAction({
            type: "ir.actions.act_window",
            name: card.title,
            res_model: card.model,
            views: views.map((view) => [false, view]),
            domain: card.domain,
            context: card.model === "imaging.storage.volume" ? {} : { create: false },
        });
    }

    get chartTitle() {
        return _t("Stored in the last 30 days, by modality (GB)");
    }
}

registry.category("actions").add("imaging_archive.console", ImagingConsole);
