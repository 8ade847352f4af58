//! Lines of a report: what, value, bar, and whether the bar is met.

#![expect(clippy::print_stdout, reason = "these programs report to the person who started them")]

pub fn say(line: &str) {
    println!("{line}");
}

#[derive(Debug, Clone)]
pub struct Line {
    pub what: String,
    pub value: String,
    pub bar: String,
    pub verdict: &'static str,
}

impl Line {
    /// A value without a bar.
    pub fn plain(what: &str, value: String) -> Self {
        Self { what: what.to_owned(), value, bar: String::new(), verdict: "" }
    }

    pub fn judged(what: &str, value: String, bar: &str, is_met: bool) -> Self {
        let verdict = if is_met { "met" } else { "MISSED" };
        Self { what: what.to_owned(), value, bar: bar.to_owned(), verdict }
    }

    pub fn is_missed(&self) -> bool {
        self.verdict == "MISSED"
    }
}

pub fn print(lines: &[Line]) {
    let width = |of: fn(&Line) -> &str| lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0);
    let (what, value, bar) = (width(|line| &line.what), width(|line| &line.value), width(|line| &line.bar));
    for line in lines {
        let text =
            format!("{:what$}  {:>value$}  {:bar$}  {}", line.what, line.value, line.bar, line.verdict);
        say(text.trim_end());
    }
}

/// The value below which this share of all values lies; the values are sorted by it.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a position in a list that fits in memory"
    )]
    let at = (last as f64 * share).ceil() as usize;
    values[at.min(last)]
}

pub fn millis(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1000.0)
}
