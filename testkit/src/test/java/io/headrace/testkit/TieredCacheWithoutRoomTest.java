package io.headrace.testkit;

import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import java.util.Optional;

/** Memory that keeps hardly anything: most answers come from the store. */
class TieredCacheWithoutRoomTest extends ResponseCacheContract {

    @Override
    protected ResponseCache create() {
        return TieredCache.of(InMemoryCache.ofMaxBytes(2_000), InMemoryCache.create());
    }

    @Override
    protected Optional<ResponseCache> reopen() {
        return Optional.empty();
    }
}
