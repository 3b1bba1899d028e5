package io.headrace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutcomeCodecTest {

    record Score(BigDecimal points, String name) {}

    private static final Codec<Outcome<Score>> SCORES = Outcome.codec(Codec.json(Score.class));

    private static final Item<String> CHILD =
            Item.of("row \"7\"", 7, "text").child(1, 3, "part").child(0, 2, "part of a part");
    private static final Tally TALLY = new Tally(
            3,
            1,
            4,
            2,
            Duration.ofNanos(1_234_567_891),
            Duration.ofMillis(5),
            new Usage(900, 100, 50, 20, 30, 10, 1),
            new Cost(new BigDecimal("0.000012300"), 1),
            Cost.of(new BigDecimal("1E+3")));

    @Test
    void ok_comesBackWhole_withAllDigits() {
        Score score = new Score(new BigDecimal("0.10000000000000000000000000000000001"), "a\nb, \"value\": 1}");
        Item<Score> item = new Item<>("a/1", 8, Long.MIN_VALUE, CHILD.expansion(), score);
        Outcome<Score> ok = new Outcome.Ok<>(item, TALLY);

        assertThat(SCORES.decode(SCORES.encode(ok))).isEqualTo(ok);
        assertThat(new String(SCORES.encode(ok), UTF_8)).doesNotContain("\n");
    }

    @Test
    void values_mayBeAnyJson() {
        Codec<Outcome<String>> texts = Outcome.codec(Codec.json(String.class));
        Codec<Outcome<List<Integer>>> lists = Outcome.codec(Codec.jsonList(Integer.class));
        Codec<Outcome<Integer>> numbers = Outcome.codec(Codec.json(Integer.class));
        assertThat(texts.decode(texts.encode(Outcome.ok(Item.of("a", 0, "Grüße \u2028 {"))))
                        .item()
                        .value())
                .isEqualTo("Grüße \u2028 {");
        assertThat(lists.decode(lists.encode(Outcome.ok(Item.of("a", 0, List.of(1, 2)))))
                        .item()
                        .value())
                .isEqualTo(List.of(1, 2));
        assertThat(numbers.decode(numbers.encode(Outcome.ok(Item.of("a", 0, -17))))
                        .item()
                        .value())
                .isEqualTo(-17);
    }

    @ParameterizedTest
    @EnumSource
    void failed_comesBackWithEverythingButTheValue(ErrorKind kind) {
        Outcome<Score> failed = new Outcome.Failed<>(CHILD, "classify", kind, "no \"answer\"", TALLY);
        Item<String> told = CHILD.withValue(CHILD.id());

        assertThat(SCORES.decode(SCORES.encode(failed)))
                .isEqualTo(new Outcome.Failed<>(told, "classify", kind, "no \"answer\"", TALLY));
        assertThat(new String(SCORES.encode(failed), UTF_8))
                .contains("\"" + kind.label() + "\"")
                .doesNotContain("part of a part");
    }

    @Test
    void skipped_comesBackWithEverythingButTheValue() {
        Outcome<Score> skipped = new Outcome.Skipped<>(CHILD, "longer", Tally.ZERO);

        assertThat(SCORES.decode(SCORES.encode(skipped)))
                .isEqualTo(new Outcome.Skipped<>(CHILD.withValue(CHILD.id()), "longer", Tally.ZERO));
    }

    @Test
    void everyCut_isSaid() {
        byte[] json = SCORES.encode(new Outcome.Ok<>(CHILD.withValue(new Score(BigDecimal.ONE, "a")), TALLY));
        for (int length = 0; length < json.length; length++) {
            byte[] cut = Arrays.copyOf(json, length);
            assertThatIllegalArgumentException().isThrownBy(() -> SCORES.decode(cut));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{\"outcome\":\"lost\",\"id\":\"a\",\"tally\":TALLY}",
                "{\"outcome\":\"ok\",\"id\":\"a\",\"tally\":TALLY}",
                "{\"outcome\":\"failed\",\"id\":\"a\",\"tally\":TALLY}",
                "{\"outcome\":\"failed\",\"id\":\"a\",\"kind\":\"odd\",\"tally\":TALLY}",
                "{\"outcome\":\"skipped\",\"id\":\"\",\"tally\":TALLY}"
            })
    void whatIsNoOutcome_isSaid(String json) {
        byte[] bytes = json.replace("TALLY", new String(Codec.json(Tally.class).encode(TALLY), UTF_8))
                .getBytes(UTF_8);
        assertThatIllegalArgumentException().isThrownBy(() -> SCORES.decode(bytes));
    }
}
