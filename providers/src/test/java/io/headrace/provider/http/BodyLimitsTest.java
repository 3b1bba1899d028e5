package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.headrace.provider.http.BodyLimits.BodyTooLongException;
import org.junit.jupiter.api.Test;

class BodyLimitsTest {

    private static final long MEBIBYTE = 1 << 20;

    private final BodyLimits limits = new BodyLimits(40 * MEBIBYTE, 10 * MEBIBYTE);

    @Test
    void oneAlone_mayBeAsLongAsItMay() {
        BodyLimits.Share alone = limits.share();
        for (long length = 0; length <= 40 * MEBIBYTE; length += 1_000) {
            alone.grow(length);
        }
        alone.grow(40 * MEBIBYTE);
        assertThatExceptionOfType(BodyTooLongException.class)
                .isThrownBy(() -> alone.grow(40 * MEBIBYTE + 1))
                .matches(error -> !error.isTransient())
                .withMessageContaining("maxBodyBytes, " + 40 * MEBIBYTE);
    }

    @Test
    void several_mayTakeSoMuchTogether_untilSomeAreOver() {
        BodyLimits.Share first = limits.share();
        BodyLimits.Share second = limits.share();
        first.grow(5 * MEBIBYTE);
        second.grow(5 * MEBIBYTE);
        assertThatExceptionOfType(BodyTooLongException.class)
                .isThrownBy(() -> second.grow(9 * MEBIBYTE))
                .matches(BodyTooLongException::isTransient)
                .withMessageContaining("lower the concurrency");
        first.end();
        first.end();
        second.grow(9 * MEBIBYTE);
        second.end();
        BodyLimits.Share third = limits.share();
        third.grow(5 * MEBIBYTE);
        limits.share().grow(5 * MEBIBYTE);
    }

    @Test
    void shortOnes_areNotCounted() {
        for (int i = 0; i < 1_000; i++) {
            limits.share().grow(MEBIBYTE / 4);
        }
        limits.share().grow(9 * MEBIBYTE);
    }

    @Test
    void growthBehindTheEnd_takesNothing() {
        BodyLimits.Share first = limits.share();
        first.end();
        first.grow(30 * MEBIBYTE);
        limits.share().grow(9 * MEBIBYTE);
        limits.share().grow(MEBIBYTE / 2);
    }
}
