use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error, if that is a terminal; nothing otherwise.
pub(super) fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {human_pos}/{human_len}, {per_sec}, {eta} left",
    )
    .expect("the template is a constant");
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
