package io.headrace.testkit;

import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import java.util.Optional;

class TieredCacheTest extends ResponseCacheContract {

    @Override
    protected ResponseCache create() {
        return TieredCache.of(InMemoryCache.create(), InMemoryCache.create());
    }

    @Override
    protected Optional<ResponseCache> reopen() {
        return Optional.empty();
    }
}
