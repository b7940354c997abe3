use serde_json::Value;

use crate::machine::Family;
use crate::scenario::Scenario;

/// The longest line of a plan.
const WIDTH: usize = 160;

/// A scenario in a few lines: its world, each peer with its lies and faults, and the rest.
pub fn plan_lines<F: Family>(scenario: &Scenario<F>, world: &F::World) -> Vec<(String, String)> {
    let mut lines = vec![line("world", &scenario.world)];
    lines.extend(scenario.peers.iter().map(|peer| {
        let (name, mut text) = line(&peer.id.to_string(), peer);
        // Its name stands in front.
        if let Some(rest) = text.split_once(", ").map(|(_, rest)| rest.to_owned()) {
            text = rest;
        }
        (name, text)
    }));
    lines.extend(scenario.commands.iter().map(|command| {
        // Its bytes tell nobody anything.
        let text =
            format!("at_ms {}, {}", command.at_ms, F::describe_command(world, &command.what));
        ("command".to_owned(), cut(text))
    }));
    lines.extend(scenario.crashes.iter().map(|crash| line("crash", crash)));
    lines.push(line("heal", &scenario.heal));
    lines
}

fn line<T: serde::Serialize>(name: &str, value: &T) -> (String, String) {
    let mut text = String::new();
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => write_pairs(&mut text, &map),
        Ok(value) => write_terse(&mut text, &value),
        // What has no text is not shown; the file has been written all the same.
        Err(_) => {}
    }
    (name.to_owned(), cut(text))
}

fn cut(text: String) -> String {
    if text.chars().count() <= WIDTH {
        return text;
    }
    text.chars().take(WIDTH - 3).chain("...".chars()).collect()
}

/// JSON without its quotes; a variant is shown by its name, and then its fields.
fn write_terse(text: &mut String, value: &Value) {
    match value {
        Value::Array(list) => {
            text.push('[');
            for (index, item) in list.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_terse(text, item);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut fields = map.clone();
            let variant = fields.shift_remove("type");
            if let Some(Value::String(variant)) = &variant {
                text.push_str(variant);
                if fields.is_empty() {
                    return;
                }
                text.push(' ');
            }
            text.push('{');
            write_pairs(text, &fields);
            text.push('}');
        }
        Value::String(string) => text.push_str(string),
        other => text.push_str(&other.to_string()),
    }
}

fn write_pairs(text: &mut String, map: &serde_json::Map<String, Value>) {
    for (index, (key, value)) in map.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_str(key);
        text.push(' ');
        write_terse(text, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::write_terse;

    #[test]
    fn variants_are_shown_by_their_names() {
        let mut text = String::new();
        let lies = json!([
            {"from": 1, "how": {"type": "silent"}},
            {"how": {"type": "slow", "by_ms": 5}},
        ]);
        write_terse(&mut text, &lies);
        assert_eq!(text, "[{from 1, how silent}, {how slow {by_ms 5}}]");
    }
}
