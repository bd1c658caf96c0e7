//! Counts the bytes of bodies that the loader takes from its HTTP client: what it holds or has read, and nothing of
//! what waits in the sockets of the kernel.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient, http::HttpRequest};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    http_client_fn,
};
use bytes::Bytes;
use http_body::{Body, Frame};

/// What came through the clients that [`Received::through`] made.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<Counts>);

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    largest: AtomicU64,
}

impl Received {
    /// Bytes of bodies so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::SeqCst)
    }

    /// Bytes of the largest part that came at once.
    pub(crate) fn largest(&self) -> u64 {
        self.0.largest.load(Ordering::SeqCst)
    }

    /// A client that does what `client` does, and counts.
    pub(crate) fn through(&self, client: SharedHttpClient) -> SharedHttpClient {
        let received = self.clone();
        http_client_fn(move |settings: &HttpConnectorSettings, components: &RuntimeComponents| {
            let inner = client.http_connector(settings, components);
            SharedHttpConnector::new(CountingConnector { inner, received: received.clone() })
        })
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} bytes)", self.bytes())
    }
}

#[derive(Debug)]
struct CountingConnector {
    inner: SharedHttpConnector,
    received: Received,
}

impl HttpConnector for CountingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, received) = (self.inner.call(request), self.received.clone());
        HttpConnectorFuture::new(async move {
            let counting = |inner| SdkBody::from_body_1_x(CountingBody { inner, received: received.clone() });
            Ok(answer.await?.map(counting))
        })
    }
}

struct CountingBody {
    inner: SdkBody,
    received: Received,
}

impl Body for CountingBody {
    type Data = Bytes;
    type Error = <SdkBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let count = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            self.received.0.bytes.fetch_add(count, Ordering::SeqCst);
            self.received.0.largest.fetch_max(count, Ordering::SeqCst);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
