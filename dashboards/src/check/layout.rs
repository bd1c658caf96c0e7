//! The grid of each dashboard.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::objects::{Object, Objects};

const COLUMNS: u64 = 48;
const LEAST_WIDTH: u64 = 6;
const LEAST_HEIGHT: u64 = 4;

pub(super) fn check(objects: &Objects, found: &mut Vec<String>) {
    let mut shown = BTreeSet::new();
    for dashboard in objects.of("dashboard") {
        let mut tell = |what: String| found.push(format!("{}: {what}", dashboard.id));
        if dashboard.json.pointer("/attributes/timeRestore") != Some(&Value::Bool(true)) {
            tell("opens with whatever time range there is".to_owned());
        }
        for time in ["timeFrom", "timeTo"] {
            if !dashboard.text(time).starts_with("now") {
                tell(format!("{time} is missing"));
            }
        }
        grid(dashboard, &mut tell);
        let panels = objects.panels(dashboard);
        shown.extend(panels.iter().map(|(_, panel)| panel.id.clone()));
        let places: Vec<Option<[u64; 4]>> = panels.iter().map(|(grid, _)| place(grid)).collect();
        if !panels.iter().any(|(_, panel)| panel.kind == "search") {
            tell("leads to no records".to_owned());
        }
        for (at, (_, panel)) in panels.iter().enumerate() {
            let Some(Some([x, y, w, h])) = places.get(at).copied() else {
                tell(format!("{} has no place", panel.id));
                continue;
            };
            if x + w > COLUMNS || w < LEAST_WIDTH || h < LEAST_HEIGHT {
                tell(format!("{} is too small, or outside the grid", panel.id));
            }
            let others = places.iter().enumerate().filter(|(other, _)| *other != at);
            for [ox, oy, ow, oh] in others.filter_map(|(_, place)| *place) {
                if x < ox + ow && ox < x + w && y < oy + oh && oy < y + h {
                    tell(format!("{} lies over another panel", panel.id));
                }
            }
        }
        let rows: BTreeSet<u64> = places.iter().flatten().map(|[_, y, ..]| *y).collect();
        for row in rows {
            let of_row: Vec<[u64; 4]> =
                places.iter().flatten().filter(|[_, y, ..]| *y == row).copied().collect();
            let heights: BTreeSet<u64> = of_row.iter().map(|[_, _, _, h]| *h).collect();
            let ends = of_row.iter().map(|[_, y, _, h]| y + h).max().unwrap_or_default();
            let full = of_row.iter().map(|[_, _, w, _]| w).sum::<u64>() == COLUMNS;
            let next = places.iter().flatten().map(|[_, y, ..]| *y).filter(|y| *y > row).min();
            if heights.len() != 1 || !full || next.is_some_and(|next| next != ends) {
                tell(format!("the row at {row} has a gap"));
            }
        }
    }
    for panel in objects.of("visualization").chain(objects.of("search")) {
        if !shown.contains(&panel.id) {
            found.push(format!("{}: is on no dashboard", panel.id));
        }
    }
}

fn grid(dashboard: &Object, tell: &mut dyn FnMut(String)) {
    let panels = dashboard.inner("panelsJSON");
    for (at, panel) in panels.as_array().into_iter().flatten().enumerate() {
        let text = |path: &str| panel.pointer(path).and_then(Value::as_str);
        let index = (at + 1).to_string();
        let is_own = text("/panelIndex") == Some(&index) && text("/gridData/i") == Some(&index);
        let is_named = text("/panelRefName") == Some(&format!("panel_{at}"));
        // Without a version the grid is read as that of 6.x.
        if !is_own
            || !is_named
            || text("/version") != Some("2.19.0")
            || panel.get("embeddableConfig").is_none()
        {
            tell(format!("panel {at} is not numbered as its place is, or lacks its version"));
        }
    }
}

fn place(grid: &Value) -> Option<[u64; 4]> {
    let number = |name: &str| grid.get(name).and_then(Value::as_u64);
    Some([number("x")?, number("y")?, number("w")?, number("h")?])
}
