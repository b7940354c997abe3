use std::fmt;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar on standard error, if that is a terminal; nothing otherwise.
pub(super) fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {human_pos}/{human_len}, {rate}/s, {eta} left",
    )
    .expect("the template is a constant")
    .with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
        // Where there is nothing to write to, nobody reads it.
        let _ = text.write_str(&rate(state.per_sec()));
    });
    bar.set_style(style);
    bar.set_message(what.to_owned());
    bar
}

/// What is being done, on standard error, if that is a terminal; for work whose length nobody knows.
pub(super) fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
        .expect("the template is a constant");
    bar.set_style(style);
    bar
}

/// So many each second, without digits that change too fast to be read.
fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1}") } else { format!("{per_second:.0}") }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn rates_are_rounded() {
        assert_eq!(rate(611.4697), "611");
        assert_eq!(rate(0.25), "0.2");
    }
}
