//! Lists as streams: follows the cursor from page to page until there is none. A page is fetched when its first item is
//! needed, none in advance.

use std::future::Future;

use futures_core::Stream;
use futures_util::stream::{self, TryStreamExt};
use progenitor_client::Error;

/// The cursor of the next page; `None` at the end of the list.
pub trait Cursor {
    fn into_cursor(self) -> Option<String>;
}

impl Cursor for Option<String> {
    fn into_cursor(self) -> Option<String> {
        self
    }
}

impl Cursor for Option<Option<String>> {
    fn into_cursor(self) -> Option<String> {
        self.flatten()
    }
}

/// The pages of a list. `fetch` gets the call and the cursor (`None` for the first page) and returns a page. If a
/// page's next cursor equals the cursor that was sent, the stream would never end, so that is an error.
pub fn pages<Call, Page, E, Fetch, Answer>(
    call: Call,
    fetch: Fetch,
) -> impl Stream<Item = Result<Page, Error<E>>>
where
    Call: Clone,
    Fetch: Fn(Call, Option<String>) -> Answer + Clone,
    Answer: Future<Output = Result<(Page, Option<String>), Error<E>>>,
{
    stream::try_unfold(Some(None::<String>), move |at| {
        let (call, fetch) = (call.clone(), fetch.clone());
        async move {
            let Some(cursor) = at else { return Ok(None) };
            let (page, next) = fetch(call, cursor.clone()).await?;
            match next {
                Some(next) if cursor.as_ref() == Some(&next) => Err(Error::Custom(
                    "the server gave the cursor of the next page twice".to_owned(),
                )),
                Some(next) => Ok(Some((page, Some(Some(next))))),
                None => Ok(Some((page, None))),
            }
        }
    })
}

/// The items of a list, page after page. `of` takes the items out of a page.
pub fn items<Page, T, E>(
    pages: impl Stream<Item = Result<Page, Error<E>>>,
    of: impl Fn(Page) -> Vec<T>,
) -> impl Stream<Item = Result<T, Error<E>>> {
    pages
        .map_ok(move |page| stream::iter(of(page).into_iter().map(Ok)))
        .try_flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    type Page = Result<(Vec<usize>, Option<String>), Error<()>>;

    async fn of_three(from: usize, cursor: Option<String>) -> Page {
        let page: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let next = (page < 2).then(|| (page + 1).to_string());
        Ok((vec![from + page * 10, from + page * 10 + 1], next))
    }

    #[test]
    fn every_item_comes_once_and_in_order() {
        let all: Vec<usize> = items(pages(100, of_three), |page| page)
            .try_collect()
            .now_or_never()
            .unwrap()
            .unwrap();
        assert_eq!(all, [100, 101, 110, 111, 120, 121]);
    }

    #[test]
    fn a_cursor_that_stands_still_ends_the_stream() {
        let stuck = |_: (), _: Option<String>| async {
            Ok::<_, Error<()>>((vec![1], Some("same".to_owned())))
        };
        let got = items(pages((), stuck), |page| page)
            .try_collect::<Vec<_>>()
            .now_or_never()
            .unwrap();
        assert!(matches!(got, Err(Error::Custom(_))));
    }
}
