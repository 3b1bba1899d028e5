package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NamespaceTest {

    private static final Fingerprint ONE = new Fingerprint(1, 0, 0, 0);
    private static final Fingerprint OTHER = new Fingerprint(2, 0, 0, 0);

    private final Namespace namespace = Namespace.of("a");

    @Test
    void samples_comeInOrderForEachFingerprint() {
        assertThat(namespace.take(ONE, 1)).isZero();
        assertThat(namespace.take(ONE, 1)).isEqualTo(1);
        assertThat(namespace.take(OTHER, 1)).isZero();
        assertThat(Namespace.of("a").take(ONE, 1)).isZero();
    }

    @Test
    void whatWasGivenBack_isTakenNext() {
        namespace.take(ONE, 1);
        namespace.take(ONE, 1);
        namespace.take(ONE, 1);
        namespace.giveBack(ONE, 1, 1);
        assertThat(namespace.take(ONE, 1)).isEqualTo(1);
        assertThat(namespace.take(ONE, 1)).isEqualTo(3);
    }

    @Test
    void manyAtOnce_areConsecutive() {
        namespace.take(ONE, 2);
        namespace.take(ONE, 1);
        namespace.giveBack(ONE, 0, 2);
        assertThat(namespace.take(ONE, 3)).isEqualTo(3);
        assertThat(namespace.take(ONE, 2)).isZero();
        assertThat(namespace.take(ONE, 1)).isEqualTo(6);
    }

    @Test
    void outsideAnyNamespace_everyCallReadsSampleZero() {
        assertThat(Namespace.NONE.take(ONE, 1)).isZero();
        assertThat(Namespace.NONE.take(ONE, 3)).isZero();
        Namespace.NONE.giveBack(ONE, 0, 1);
        assertThat(Namespace.NONE.take(ONE, 1)).isZero();
    }

    @Test
    void racers_getEachSampleOnce() {
        Set<Integer> seen = ConcurrentHashMap.newKeySet();
        assertThat(IntStream.range(0, 10_000).parallel().allMatch(i -> seen.add(namespace.take(ONE, 1))))
                .isTrue();
        assertThat(seen).hasSize(10_000).contains(0, 9_999);
    }

    @Test
    void nonsense_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Namespace.of(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> namespace.take(ONE, 0));
    }
}
