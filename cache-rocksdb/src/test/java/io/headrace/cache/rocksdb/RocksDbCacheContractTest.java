package io.headrace.cache.rocksdb;

import io.headrace.cache.ResponseCache;
import io.headrace.testkit.ResponseCacheContract;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

class RocksDbCacheContractTest extends ResponseCacheContract {

    @TempDir
    private Path folder;

    @Override
    protected ResponseCache create() {
        return RocksDbCache.open(folder);
    }

    @Override
    protected Optional<ResponseCache> reopen() {
        return Optional.of(RocksDbCache.open(folder));
    }
}
