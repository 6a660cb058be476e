//! The links of a page.

use scraper::{Html, Selector};
use url::Url;

/// Returns what a page links to over HTTP, without fragments, in its order; the same link may come twice.
pub(crate) fn links(page: &Url, html: &str) -> Vec<Url> {
    let document = Html::parse_document(html);
    let anchors = Selector::parse("a[href]").expect("a valid selector");
    let targets = document.select(&anchors).filter_map(|anchor| anchor.value().attr("href"));
    targets.filter_map(|target| resolve(page, target)).collect()
}

fn resolve(page: &Url, target: &str) -> Option<Url> {
    let mut url = page.join(target).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_against_their_page() {
        let page = Url::parse("http://site.example/docs/intro.html").unwrap();
        let html = r##"<a href="next.html">a</a> <a href="/">b</a> <a href="#top">c</a>
            <a href="https://other.example/x?y#z">d</a> <a href="mailto:me@site.example">e</a> <a href="http://">f</a> <a>g</a>"##;
        let links: Vec<String> = links(&page, html).into_iter().map(String::from).collect();
        let expected = [
            "http://site.example/docs/next.html",
            "http://site.example/",
            "http://site.example/docs/intro.html",
            "https://other.example/x?y",
        ];
        assert_eq!(links, expected);
    }
}
