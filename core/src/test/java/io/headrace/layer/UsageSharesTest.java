package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Usage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UsageSharesTest {

    @Test
    void shares_areByWeight() {
        assertThat(UsageShares.of(Usage.of(100, 0), new long[] {1, 2, 7}))
                .containsExactly(Usage.of(10, 0), Usage.of(20, 0), Usage.of(70, 0));
        assertThat(UsageShares.of(Usage.of(4, 0), new long[] {0, 0})).containsExactly(Usage.of(2, 0), Usage.of(2, 0));
    }

    @Test
    void shares_addUpExactly_andEachIsAUsage() {
        Random random = new Random(3);
        for (int round = 0; round < 2_000; round++) {
            long cached = random.nextInt(50);
            long longWrites = random.nextInt(10);
            long writes = longWrites + random.nextInt(20);
            long reasoning = random.nextInt(30);
            Usage whole = Usage.of(cached + writes + random.nextInt(1_000), reasoning + random.nextInt(100))
                    .withCached(cached)
                    .withCacheWrites(writes, longWrites)
                    .withReasoning(reasoning);
            long[] weights = random.longs(1 + random.nextInt(20), 0, 1L << random.nextInt(1, 62))
                    .toArray();
            List<Usage> shares = UsageShares.of(whole, weights);
            assertThat(shares.stream().reduce(Usage.ZERO, Usage::plus)).isEqualTo(whole);
            assertThat(shares).allSatisfy(share -> {
                assertThat(share.cachedInputTokens() + share.cacheWriteTokens())
                        .isLessThanOrEqualTo(share.inputTokens());
                assertThat(share.reasoningTokens()).isLessThanOrEqualTo(share.outputTokens());
            });
        }
    }

    @Test
    void unknownUsage_isUnknownForEach() {
        assertThat(UsageShares.of(Usage.UNKNOWN, new long[] {1, 1})).containsExactly(Usage.UNKNOWN, Usage.UNKNOWN);
    }

    @Test
    void partsAboveTheWhole_stayTogether() {
        Usage odd = Usage.of(5, 0).withCached(9);
        assertThat(UsageShares.of(odd, new long[] {1, 1})).containsExactly(odd, Usage.ZERO);
    }
}
