package io.headrace.testkit;

import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import java.util.Optional;

class InMemoryCacheTest extends ResponseCacheContract {

    @Override
    protected ResponseCache create() {
        return InMemoryCache.create();
    }

    @Override
    protected Optional<ResponseCache> reopen() {
        return Optional.empty();
    }
}
