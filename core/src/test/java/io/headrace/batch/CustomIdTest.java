package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Within what both providers take: 1 to 64 of {@code a-zA-Z0-9_-}. */
class CustomIdTest {

    private static final String TAG = "a1b2c3d4";

    private final Random random = new Random(1);

    @Test
    void longest_isWhatProvidersTake_andComesBack() {
        for (int i = 0; i < 1_000; i++) {
            CustomId id = new CustomId(fingerprint(), Integer.MAX_VALUE, TAG, CustomId.POSITIONS - 1);
            assertThat(id.toString()).hasSize(64).matches("[a-zA-Z0-9_-]+");
            assertThat(CustomId.parse(id.toString())).isEqualTo(id);
        }
    }

    @Test
    void anyOther_comesBackToo_andIsLikeNoOther() {
        for (int i = 0; i < 1_000; i++) {
            CustomId id = new CustomId(fingerprint(), random.nextInt(50), TAG, random.nextInt(CustomId.POSITIONS));
            assertThat(CustomId.parse(id.toString())).isEqualTo(id);
            assertThat(CustomId.parse(id.toString().substring(1))).isNull();
            assertThat(CustomId.parse(id + "-")).isNull();
        }
    }

    @Test
    void idsOfOthers_areNone() {
        String id = new CustomId(fingerprint(), 3, TAG, 4).toString();
        assertThat(CustomId.parse("")).isNull();
        assertThat(CustomId.parse("request-1")).isNull();
        assertThat(CustomId.parse("x".repeat(64))).isNull();
        assertThat(CustomId.parse("_".repeat(64))).isNull();
        assertThat(CustomId.parse(id.replace("_3_", "_03_"))).isNull();
        assertThat(CustomId.parse(id.replace("_3_", "_zzzzzzz_"))).isNull();
        assertThat(CustomId.parse(id.replace("_3_", "__"))).isNull();
        assertThat(CustomId.parse(id.substring(0, id.length() - 1))).isNull();
    }

    private Fingerprint fingerprint() {
        byte[] sha256 = new byte[32];
        random.nextBytes(sha256);
        return Fingerprint.of(sha256);
    }
}
