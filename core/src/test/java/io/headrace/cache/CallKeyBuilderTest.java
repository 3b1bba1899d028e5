package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.headrace.Fingerprint;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CallKeyBuilderTest {

    @Test
    void goldenFingerprints_neverChange() {
        assertThat(CallKeyBuilder.of("p", "o").build().fingerprint())
                .hasToString("31b54a135646a1e652a80c7d5f5eea4c53be70ab471f819dcf2d9d12bcb5c4aa");
        assertThat(of(List.of(1, 0.5, "x", true, Map.of("a", "b", "c", List.of()))))
                .hasToString("58921cfbc31478f8981e5b0f0c852b9fe0ca615070264f881e73bc8dcc9faab9");
    }

    @Test
    void equalNumbers_ofAnyType_giveOneKey() {
        assertThat(of(1))
                .isEqualTo(of(1L))
                .isEqualTo(of(1.0))
                .isEqualTo(of(1.0f))
                .isEqualTo(of((short) 1))
                .isEqualTo(of(BigInteger.ONE))
                .isEqualTo(of(new BigDecimal("1.000")))
                .isEqualTo(of(new BigDecimal("1e0")))
                .isEqualTo(of(new BigDecimal("0.1e1")));
        assertThat(of(0)).isEqualTo(of(0.0)).isEqualTo(of(-0.0)).isEqualTo(of(new BigDecimal("0E-9")));
        assertThat(of(0.7)).isEqualTo(of(0.7f)).isEqualTo(of(new BigDecimal("0.70")));
        assertThat(of(1e23)).isEqualTo(of(new BigDecimal("1e23")));
        assertThat(of(Long.MAX_VALUE)).isEqualTo(of(BigInteger.valueOf(Long.MAX_VALUE)));
        assertThat(of(Long.MIN_VALUE)).isEqualTo(of((double) Long.MIN_VALUE));
    }

    @Test
    void doublesAndTheirDecimalText_giveOneKey() {
        Random random = new Random(11);
        for (int i = 0; i < 20_000; i++) {
            double number = i % 2 == 0
                    ? random.nextInt(2_000_000) / Math.pow(10, random.nextInt(7))
                    : Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(number) && (Math.abs(number) < 1L << 53 || Math.abs(number) > 1e19)) {
                assertThat(of(new BigDecimal(Double.toString(number)))).isEqualTo(of(number));
            }
        }
    }

    @Test
    void differentNumbers_giveDifferentKeys() {
        List<Object> numbers = List.of(
                1,
                -1,
                10,
                0.1,
                1.1,
                Math.nextUp(1.0),
                Long.MAX_VALUE,
                Long.MAX_VALUE - 1,
                Long.MIN_VALUE,
                (double) Long.MAX_VALUE,
                BigInteger.ONE.shiftLeft(64),
                BigInteger.ONE.shiftLeft(64).add(BigInteger.ONE),
                new BigDecimal("0.1000000000000000000000000000001"),
                new BigDecimal("1e400"),
                new BigDecimal("1e401"),
                new BigDecimal("1e-400"),
                new BigDecimal("1e1000000000"),
                0);
        assertThat(numbers.stream().map(CallKeyBuilderTest::of)).doesNotHaveDuplicates();
    }

    @Test
    void whatIsNotJson_isRefused() {
        for (Object value : new Object[] {Double.NaN, Double.POSITIVE_INFINITY, new AtomicLong(), new int[0], 'c'}) {
            assertThatIllegalArgumentException().isThrownBy(() -> of(value)).withMessageContaining("not a JSON");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> of(Map.of(1, 2)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CallKeyBuilder.of("geo", "find").field("country", Optional.empty()))
                .withMessageStartingWith("field 'country' of a key: ")
                .withMessageContaining("java.util.Optional");
    }

    @Test
    void endlessNesting_isRefusedAndDoesNotOverflow() {
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertThatIllegalArgumentException().isThrownBy(() -> of(endless)).withMessageContaining("nested");
    }

    @Test
    void memberThatIsNull_countsAsAbsent_butNotInArraysAndNotInRawJson() {
        Map<String, @Nullable Object> withNull = new HashMap<>();
        withNull.put("a", 1);
        withNull.put("b", null);
        assertThat(of(withNull)).isEqualTo(of(Map.of("a", 1)));
        assertThat(of(Arrays.asList(1, null))).isNotEqualTo(of(List.of(1)));
        assertThat(raw(withNull)).isNotEqualTo(raw(Map.of("a", 1)));
        assertThat(builder().field("f", null).build()).isEqualTo(builder().build());
    }

    @Test
    void orderOfMembersAndFields_doesNotMatter_orderOfElementsDoes() {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("b", 1);
        one.put("a", 2);
        assertThat(of(one)).isEqualTo(of(new TreeMap<>(one)));
        assertThat(of(List.of(1, 2))).isNotEqualTo(of(List.of(2, 1)));
        assertThat(builder().field("a", 1).field("z", 2).build())
                .isEqualTo(builder().field("z", 2).field("a", 1).build());
    }

    @Test
    void texts_areKeptApartWhateverTheyHold() {
        List<String> texts = List.of(
                "",
                "?",
                "\ud800",
                "\udc00",
                "\ud800\udc00",
                "\udc00\ud800",
                "\u0000",
                "a\u0000",
                "\u00e9",
                "e\u0301",
                "\ufffd",
                "null",
                "1",
                "true",
                "a?",
                "a\ud83d",
                "\u00e9?",
                "\u00e9\ud83d");
        assertThat(texts.stream().map(CallKeyBuilderTest::of)).doesNotHaveDuplicates();
        assertThat(of("1")).isNotEqualTo(of(1));
    }

    @Test
    void longTexts_ofEveryLengthRoundTheBuffer_areKeptApart() {
        Map<Fingerprint, Integer> seen = new HashMap<>();
        for (int length = 0; length < 600; length++) {
            assertThat(seen.put(of("x".repeat(length)), length)).isNull();
            assertThat(of("x".repeat(length))).isEqualTo(of("x".repeat(length)));
        }
    }

    /** Structures over an alphabet of two letters and tags, so that any concatenation without lengths would collide. */
    @Test
    void differentStructures_neverCollide() {
        Random random = new Random(5);
        Map<Fingerprint, Object> seen = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            Object value = random(random, 3);
            Object other = seen.putIfAbsent(of(value), value);
            if (other != null) {
                assertThat(value).isEqualTo(other);
            }
        }
        assertThat(seen).hasSizeGreaterThan(5_000);
    }

    @Test
    void fieldsAndValues_doNotRunTogether() {
        assertThat(List.of(
                        builder().field("a", "b").build(),
                        builder().field("ab", "").build(),
                        builder().field("a", List.of("b")).build(),
                        builder().field("a", Map.of("b", "")).build(),
                        builder().field("a", "").field("b", "").build(),
                        CallKeyBuilder.of("xa", "yb").build(),
                        CallKeyBuilder.of("x", "ayb").build(),
                        CallKeyBuilder.of("xay", "b").build()))
                .extracting(CallKey::fingerprint)
                .doesNotHaveDuplicates();
    }

    @Test
    void fieldDigests_areInOrderOfNamesAndTellWhichFieldDiffers() {
        CallKey one = builder().field("z", 1).field("m", "same").build();
        CallKey two = builder().field("z", 2).field("m", "same").build();
        assertThat(one.fields())
                .extracting(CallKey.FieldDigest::field)
                .containsExactly("m", "operation", "provider", "z");
        assertThat(one.fields().subList(0, 3)).isEqualTo(two.fields().subList(0, 3));
        assertThat(one.fields().get(3)).isNotEqualTo(two.fields().get(3));
    }

    @Test
    void copies_shareNothing() {
        CallKeyBuilder shared = builder();
        CallKey before = shared.copy().build();
        for (int i = 0; i < 40; i++) {
            shared.copy().field("f", i).build();
        }
        assertThat(shared.build()).isEqualTo(before);
    }

    @Test
    void manyFields_growTheBuilder() {
        CallKeyBuilder up = builder();
        CallKeyBuilder down = builder();
        for (int i = 0; i < 50; i++) {
            up.field("f" + i, i);
            down.field("f" + (49 - i), 49 - i);
        }
        assertThat(up.build()).isEqualTo(down.build());
    }

    @Test
    void oneNameTwice_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        builder().field("a", 1).field("b", 1).field("a", 2).build())
                .withMessageContaining("'a'");
    }

    private static Object random(Random random, int depth) {
        int kind = random.nextInt(depth == 0 ? 4 : 6);
        return switch (kind) {
            case 0 -> text(random);
            case 1 -> (long) random.nextInt(3);
            case 2 -> random.nextBoolean();
            case 3 -> random.nextInt(3) + 0.5;
            case 4 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(random(random, depth - 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    map.put(text(random), random(random, depth - 1));
                }
                yield map;
            }
        };
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append("s[]{}\u0000\u0001i".charAt(random.nextInt(8)));
        }
        return text.toString();
    }

    private static CallKeyBuilder builder() {
        return CallKeyBuilder.of("p", "o");
    }

    private static Fingerprint of(Object value) {
        return builder().field("f", value).build().fingerprint();
    }

    private static Fingerprint raw(Object value) {
        return builder().rawField("f", value).build().fingerprint();
    }
}
