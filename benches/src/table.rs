//! Tables for people.

/// A table as text. The first column is words, the others are numbers.
#[must_use]
pub fn text(
    title: &str,
    header: &[impl AsRef<str>],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let header = header.iter().map(|cell| cell.as_ref().to_owned()).collect();
    let rows: Vec<Vec<String>> = [header].into_iter().chain(rows).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widths: Vec<usize> = (0..columns)
        .map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = format!("{title}\n");
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            line += &match column {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A number with as many decimals as there is sense in.
#[must_use]
pub fn number(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows =
            [vec!["a long name".to_owned(), number(9.96)], vec!["b".to_owned(), number(123.4)]];
        let expected = "title\n               ns\na long name  10.0\nb             123\n";
        assert_eq!(text("title", &["", "ns"], rows), expected);
    }
}
