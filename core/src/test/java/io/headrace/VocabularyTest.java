package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.util.context.Context;

class VocabularyTest {

    @Test
    void unknownUsage_isNeverZero_andSurvivesSums() {
        Usage sum = Usage.of(10, 2).plus(Usage.UNKNOWN).plus(Usage.of(1, 1));
        assertThat(sum).isEqualTo(new Usage(11, 0, 0, 0, 3, 0, 1));
        assertThat(sum.isKnown()).isFalse();
        assertThat(Usage.ZERO.isKnown()).isTrue();
    }

    @Test
    void money_isExact_andUnknownIsCounted() {
        Cost tenth = Cost.of(new BigDecimal("0.1"));
        Cost sum = Cost.ZERO;
        for (int i = 0; i < 10; i++) {
            sum = sum.plus(tenth);
        }
        assertThat(sum.usd()).isEqualByComparingTo("1");
        assertThat(sum.plus(Cost.UNKNOWN)).isEqualTo(new Cost(new BigDecimal("1.0"), 1));
        assertThatThrownBy(() -> Cost.of(new BigDecimal("-1"))).hasMessageContaining("negative cost");
        assertThatThrownBy(() -> Usage.of(-1, 0)).hasMessageContaining("negative usage");
    }

    @Test
    void tallies_addUpFieldByField() {
        Tally one = new Tally(
                1,
                1,
                2,
                3,
                Duration.ofMillis(3),
                Duration.ofMillis(1),
                Usage.of(5, 1),
                Cost.UNKNOWN,
                Cost.of(BigDecimal.ONE));
        assertThat(one.plus(one))
                .isEqualTo(new Tally(
                        2,
                        2,
                        4,
                        6,
                        Duration.ofMillis(6),
                        Duration.ofMillis(2),
                        Usage.of(10, 2),
                        new Cost(BigDecimal.ZERO, 2),
                        Cost.of(BigDecimal.valueOf(2))));
        assertThat(one.plus(Tally.ZERO)).isEqualTo(one);
    }

    @Test
    void fingerprint_keepsAllBits_asBytesAndAsHex() throws Exception {
        byte[] sha = MessageDigest.getInstance("SHA-256").digest("x".getBytes());
        Fingerprint fingerprint = Fingerprint.of(sha);
        assertThat(fingerprint.toBytes()).isEqualTo(sha);
        assertThat(fingerprint).hasToString("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
        assertThat(Fingerprint.parse(fingerprint.toString())).isEqualTo(fingerprint);
        assertThatThrownBy(() -> Fingerprint.of(new byte[31])).hasMessage("a fingerprint has 32 bytes, not 31");
    }

    @Test
    void outcome_mapsItsValue_andPassesTheOthersOn() {
        Item<Integer> item = Item.of("a", 3, 1);
        assertThat(Outcome.ok(item).map(n -> "v" + n)).isEqualTo(Outcome.ok(Item.of("a", 3, "v1")));
        Outcome<Integer> skipped = new Outcome.Skipped<>(item, "filter", Tally.ZERO);
        assertThat((Object) skipped.map(n -> "never")).isSameAs(skipped);
        assertThatThrownBy(() -> Outcome.ok(item).withoutValue()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void item_refusesWhatCannotBeAnIdentity() {
        assertThatThrownBy(() -> Item.of("", 4, "x")).hasMessage("an item needs an id, row 4 has an empty one");
        assertThatThrownBy(() -> Item.of("a", -1, "x")).hasMessage("negative ordinal -1 of item a");
    }

    @Test
    void texts_hideValuesAndPrompts() {
        assertThat(Item.of("a", 0, "secret prompt").toString()).isEqualTo("Item[a #0]");
    }

    @Test
    void options_overrideInContext() {
        CallOptions options = CallOptions.of("step", "item");
        Context context = options.into(Context.empty());
        assertThat(CallOptions.from(context)).isEqualTo(options);
        assertThat(CallOptions.from(options.withTags(Map.of("a", "b")).into(context))
                        .tags())
                .containsEntry("a", "b");
        assertThat(CallOptions.from(Context.empty())).isEqualTo(CallOptions.NONE);
    }

    @Test
    void apiException_takesTheServersWordBeforeTheKinds_andHasNoStackTrace() {
        ApiException error = ApiException.builder(ErrorKind.SERVER_ERROR, "broken")
                .isTransient(false)
                .status(500)
                .retryAfter(Duration.ofSeconds(2))
                .build();
        assertThat(error.isTransient()).isFalse();
        assertThat(error.status()).hasValue(500);
        assertThat(error.retryAfter()).contains(Duration.ofSeconds(2));
        assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(error.getStackTrace()).isEmpty();
        assertThat(ApiException.builder(ErrorKind.RATE_LIMITED, "x").build().isTransient())
                .isTrue();
    }

    @Test
    void apiExceptionLikeAnother_hasAllOfItButTheMessage() {
        ApiException error = ApiException.builder(ErrorKind.OVERLOADED, "busy")
                .delivery(Delivery.ANSWERED)
                .isTransient(false)
                .status(529)
                .retryAfter(Duration.ofSeconds(2))
                .requestId("req_1")
                .usage(Usage.of(3, 4))
                .cost(Cost.of(new BigDecimal("0.5")))
                .cause(new IllegalStateException("inside"))
                .build();
        error.addSuppressed(new IllegalStateException("before"));
        ApiException like = ApiException.builder(error, "busy still").build();
        assertThat(like)
                .hasMessage("busy still")
                .hasCause(error.getCause())
                .usingRecursiveComparison()
                .ignoringFields("message", "detailMessage")
                .isEqualTo(error);
        assertThat(like.getSuppressed()).containsExactly(error.getSuppressed());
    }

    @Test
    void apiExceptionLikeAnother_followsTheNewDeliveryUnlessCostWasStated() {
        ApiException unknown = ApiException.builder(ErrorKind.TIMEOUT, "late").build();
        assertThat(unknown.usage()).isEqualTo(Usage.UNKNOWN);
        ApiException refused =
                ApiException.builder(unknown, "late").delivery(Delivery.REFUSED).build();
        assertThat(refused.usage()).isEqualTo(Usage.ZERO);
        assertThat(refused.cost()).isEqualTo(Cost.ZERO);
        ApiException stated = ApiException.builder(ErrorKind.TIMEOUT, "late")
                .cost(Cost.of(new BigDecimal("0.5")))
                .build();
        assertThat(ApiException.builder(stated, "late")
                        .delivery(Delivery.REFUSED)
                        .build()
                        .cost())
                .isEqualTo(Cost.of(new BigDecimal("0.5")));
    }

    @Test
    void errorKinds_areFoundByTheirLabels() {
        for (ErrorKind kind : ErrorKind.values()) {
            assertThat(ErrorKind.ofLabel(kind.label())).isEqualTo(kind);
            ApiException error = ApiException.builder(kind, "x").build();
            assertThat(ErrorKind.values())
                    .filteredOn(any -> any.isKindOf(error))
                    .containsExactly(kind);
            assertThat(kind.isKindOf(new IllegalStateException(error))).isFalse();
            assertThat(kind.label()).matches("[a-z]+(-[a-z]+)*");
        }
        assertThatThrownBy(() -> ErrorKind.ofLabel("nonsense")).hasMessageContaining("nonsense");
    }

    record Point(int x, String name) {}

    @Test
    void jsonCodec_roundTripsRecords_ignoresUnknownFields_andSaysWhatIsWrong() {
        Codec<Point> codec = Codec.json(Point.class);
        assertThat(codec.decode(codec.encode(new Point(3, "ä")))).isEqualTo(new Point(3, "ä"));
        assertThat(codec.decode("{\"x\":1,\"name\":\"n\",\"later\":true}".getBytes()))
                .isEqualTo(new Point(1, "n"));
        assertThatThrownBy(() -> codec.decode("{\"x\":".getBytes()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not JSON of Point");
    }
}
