/** Of all text that is drawn and not laid out by the page: Chinese on every system. */
export const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
