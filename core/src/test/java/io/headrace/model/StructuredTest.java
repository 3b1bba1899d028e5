package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StructuredTest {

    enum Mood {
        GOOD,
        BAD
    }

    @Description("one thing")
    record Thing(String name, @Description("in euros") BigDecimal price) {}

    record All(
            String text,
            boolean truth,
            int count,
            Long id,
            double share,
            Mood mood,
            List<Thing> things,
            Optional<Mood> maybe,
            @Nullable String note,
            List<@Nullable String> notes) {}

    sealed interface Figure {}

    record Circle(double radius) implements Figure {}

    record Box(Optional<Thing> thing) implements Figure {}

    record Drawing(List<Figure> figures, @Nullable Figure frame) {}

    record Counts(Map<String, Integer> counts) {}

    record Numbers(byte b, short s, BigInteger i, float f) {}

    record Rating(int stars) {

        Rating {
            if (stars > 5) {
                throw new IllegalArgumentException("at most 5 stars");
            }
        }
    }

    record Loop(List<Loop> inner) {}

    record Lists(@Nullable List<String> texts, Optional<List<String>> more) {}

    record Generic<T>(T value) {}

    record Odd(Object value) {}

    record Clash(String type) implements Kind {}

    sealed interface Kind {}

    record OfKind(Kind kind) {}

    private static final String ALL =
            "{'text':'a','truth':true,'count':3,'id':9007199254740993,'share':0.5,'mood':'BAD',"
                    + "'things':[{'name':'n','price':1.10}],'maybe':null,'note':null,'notes':['x',null]}";

    @Test
    void schema_followsTheRulesOfStrictOnes() {
        assertThat(JsonSchema.of(All.class).json().replace('"', '\''))
                .isEqualTo("{'type':'object','properties':{'text':{'type':'string'},'truth':{'type':'boolean'},"
                        + "'count':{'type':'integer'},'id':{'type':'integer'},'share':{'type':'number'},"
                        + "'mood':{'type':'string','enum':['GOOD','BAD']},"
                        + "'things':{'type':'array','items':{'type':'object','description':'one thing','properties':{"
                        + "'name':{'type':'string'},'price':{'type':'number','description':'in euros'}},"
                        + "'required':['name','price'],'additionalProperties':false}},"
                        + "'maybe':{'type':['string','null'],'enum':['GOOD','BAD',null]},"
                        + "'note':{'type':['string','null']},"
                        + "'notes':{'type':'array','items':{'type':['string','null']}}},"
                        + "'required':['text','truth','count','id','share','mood','things','maybe','note','notes'],"
                        + "'additionalProperties':false}");
    }

    @Test
    void sealedTypes_areToldApartByTheirName() {
        assertThat(JsonSchema.of(Drawing.class).json().replace('"', '\''))
                .contains("'anyOf':[{'type':'object','properties':{'type':{'type':'string','enum':['Circle']},'radius'")
                .contains("{'type':'null'}]");
        assertThat(parse(
                        Drawing.class,
                        "{'figures':[{'type':'Circle','radius':1},{'type':'Box','thing':null}],'frame':null}"))
                .isEqualTo(new Drawing(List.of(new Circle(1), new Box(Optional.empty())), null));
        assertProblem(Drawing.class, "{'figures':[{'radius':1}]}", "$.figures[0]: its first member must be 'type'");
        assertProblem(Drawing.class, "{'figures':[{'type':'Line'}]}", "$.figures[0].type: one of [Circle, Box]");
    }

    @Test
    void format_isStrictUnlessThereIsAMap() {
        assertThat(Structured.of(All.class).format())
                .isEqualTo(new AnswerFormat.Schema("All", "", JsonSchema.of(All.class), true));
        assertThat(((AnswerFormat.Schema) Structured.of(Counts.class).format()).strict())
                .isFalse();
        assertThat(ChatRequest.builder("m")
                        .user("x")
                        .answerAs(All.class)
                        .build()
                        .answerFormat())
                .isEqualTo(Structured.of(All.class).format());
    }

    @Test
    void json_becomesTheRecord() {
        assertThat(parse(All.class, ALL))
                .isEqualTo(new All(
                        "a",
                        true,
                        3,
                        9007199254740993L,
                        0.5,
                        Mood.BAD,
                        List.of(new Thing("n", new BigDecimal("1.10"))),
                        Optional.empty(),
                        null,
                        java.util.Arrays.asList("x", null)));
        assertThat(parse(Counts.class, "{'counts':{'b':2,'a':1}}").counts())
                .containsExactly(Map.entry("b", 2), Map.entry("a", 1));
        assertThat(parse(Numbers.class, "{'f':1e-3,'i':1e20,'s':3.0,'b':-128}"))
                .isEqualTo(new Numbers((byte) -128, (short) 3, new BigInteger("100000000000000000000"), 0.001f));
    }

    @Test
    void whatMayBeNull_mayBeAbsent() {
        assertThat(parse(Box.class, "{}")).isEqualTo(new Box(Optional.empty()));
    }

    @Test
    void nullOfAList_isNotThatOfItsElements() {
        assertThat(parse(Lists.class, "{'texts':null}")).isEqualTo(new Lists(null, Optional.empty()));
        assertThat(parse(Lists.class, "{'texts':[],'more':['a']}"))
                .isEqualTo(new Lists(List.of(), Optional.of(List.of("a"))));
        assertProblem(Lists.class, "{'texts':[null]}", "$.texts[0]: a string is expected, not null");
        assertProblem(Lists.class, "{'more':[null]}", "$.more[0]: a string is expected, not null");
    }

    @Test
    void problems_areNamedWithTheirPlaceAndWithoutTheirValues() {
        assertProblem(
                All.class,
                ALL.replace("'count':3", "'count':'secret'"),
                "$.count: an integer is expected, not a string");
        assertProblem(
                All.class, ALL.replace("'count':3", "'count':3.5"), "$.count: an integer is expected that its type");
        assertProblem(
                All.class, ALL.replace("'count':3", "'count':3000000000"), "$.count: an integer is expected that");
        assertProblem(All.class, ALL.replace("'count':3,", ""), "$.count: it is missing");
        assertProblem(All.class, ALL.replace("'text':'a'", "'text':null"), "$.text: a string is expected, not null");
        assertProblem(All.class, ALL.replace("'mood':'BAD'", "'mood':'secret'"), "$.mood: one of [GOOD, BAD]");
        assertProblem(
                All.class, ALL.replace("1.10", "'secret'"), "$.things[0].price: a number is expected, not a string");
        assertProblem(
                All.class, ALL.replace("[{'name'", "[7,{'name'"), "$.things[0]: an object is expected, not a number");
        assertProblem(
                All.class, ALL.replace("'truth':true", "'truth':1"), "$.truth: a boolean is expected, not a number");
        assertProblem(All.class, ALL.replace("'text':'a'", "'secret':'a'"), "$: it has a member that All has not");
        assertProblem(All.class, ALL.replace("'truth':true", "'text':'b'"), "$.text: it is given twice");
        assertProblem(All.class, "[]", "$: an object is expected, not an array");
        assertProblem(All.class, "", "$: an object is expected, not nothing");
        assertProblem(All.class, "secret", "no whole JSON");
        assertProblem(All.class, ALL + "{}", "something follows");
        assertProblem(All.class, "```json\n" + ALL + "\n```", "no whole JSON");
        assertProblem(Numbers.class, "{'b':1,'s':1,'i':1e999999999,'f':1}", "$.i: an integer is expected that is not");
        assertProblem(
                Numbers.class, "{'b':1,'s':1,'i':1,'f':1e300}", "$.f: a number is expected that its type can hold");
        assertProblem(Counts.class, "{'counts':{'secret':null}}", "$.counts{}: an integer is expected, not null");
        assertProblem(Rating.class, "{'stars':6}", "$: Rating refuses its values: ", "at most 5 stars");
    }

    @Test
    void everyCut_isAProblem() {
        String json = ALL.replace('\'', '"');
        for (int length = 0; length < json.length(); length++) {
            String cut = json.substring(0, length);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Structured.of(All.class).parse(cut));
        }
    }

    @Test
    void nestingWithoutEnd_isAProblem() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Structured.of(Rating.class).parse("{\"stars\":" + "[".repeat(10_000)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Structured.of(Rating.class).parse("[".repeat(10_000)));
    }

    @Test
    void answer_isReadOrFailsAsAnAnswer() {
        Structured<Rating> rating = Structured.of(Rating.class);
        assertThat(rating.read(answer(" {\"stars\": 4}\n", FinishReason.STOP, null)))
                .isEqualTo(new Rating(4));
        assertThat(rating.problem(answer("{\"stars\":4}", FinishReason.STOP, null)))
                .isEmpty();
        ChatResponse cut = answer("{\"stars\":", FinishReason.LENGTH, null);
        assertThatThrownBy(() -> rating.read(cut)).isInstanceOfSatisfying(ApiException.class, error -> {
            assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
            assertThat(error.delivery()).isEqualTo(Delivery.ANSWERED);
            assertThat(error.usage()).isEqualTo(Usage.of(1, 1));
            assertThat(error).hasMessageStartingWith("m: the answer is no Rating, cut off at the limit");
        });
        assertThat(rating.problem(cut).orElseThrow()).startsWith("the answer is no Rating, cut off at the limit");
        assertThat(rating.problem(answer("", FinishReason.REFUSAL, "secret")))
                .as("it is not bought again for that")
                .isEmpty();
        assertThatThrownBy(() -> rating.read(answer("", FinishReason.REFUSAL, "secret")))
                .isInstanceOfSatisfying(ApiException.class, error -> {
                    assertThat(error.kind()).isEqualTo(ErrorKind.REFUSED);
                    assertThat(error).hasMessageNotContaining("secret");
                });
    }

    @Test
    void typesWithoutASchema_areRefusedByName() {
        assertRefused(String.class, "a record");
        assertRefused(Figure.class, "a record");
        assertRefused(Loop.class, "Loop.inner[]", "holds itself");
        assertRefused(Generic.class, "generic");
        assertRefused(Odd.class, "Odd.value", "java.lang.Object");
        assertRefused(OfKind.class, "Kind", "member 'type'");
    }

    private static void assertRefused(Class<?> type, String... words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Structured.of(type))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }

    private static void assertProblem(Class<?> type, String json, String... words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse(type, json))
                .satisfies(e -> assertThat(e.getMessage()).contains(words).doesNotContain("secret"));
    }

    private static <T> T parse(Class<T> type, String json) {
        return Structured.of(type).parse(json.replace('\'', '"'));
    }

    private static ChatResponse answer(String text, FinishReason reason, @Nullable String refusal) {
        return new ChatResponse("1", "m", text, reason, refusal, Usage.of(1, 1));
    }
}
