package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeywordModelTest {

    private static final String CLASSIFY =
            "Classify the document by its topics into exactly one category of: money, time, travel, food, animals, school,"
                    + " sports, family, other. Answer with a JSON object {\"category\": \"...\", \"confidence\": 0.87}.";

    private final KeywordModel model = new KeywordModel();

    private String answer(String system, String user) {
        return model.answer(ChatBody.parse(Client.openAi(system, user).getBytes(StandardCharsets.UTF_8)), 0);
    }

    @Test
    void topics_areTheFrequentWords_inTheirBasicForm() {
        String text =
                "Janet\u2019s ducks lay 16 eggs per day. She eats three for breakfast and sells the remainder of the eggs"
                        + " at the farmers' market for $2 per fresh duck egg.";
        assertThat(answer("Extract the main topics of the document.", text))
                .isEqualTo("[\"egg\",\"duck\",\"day\",\"eat\",\"breakfast\"]");
    }

    @Test
    void topicsOfAnEmptyText_areNone() {
        assertThat(answer("Extract the main topics.", "")).isEqualTo("[]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Josh buys a house for $80,000, puts in $50,000 of repairs and sells it. What is his profit?  | money
            John drives for 3 hours at a speed of 60 mph and then turns around. How many miles is he away? | travel
            Claire makes a 3 egg omelet every morning for breakfast. How many eggs will she eat?           | food
            Toulouse has twice as many sheep as Charleston, and a dog for each herd of sheep               | animals
            In a class of 20 students, 5 failed the exam. What share of students passed the exam?          | school
            The team scored 3 goals in the first half of the game and won the match                        | sports
            Raymond and Samantha are cousins. Raymond had a son before Samantha was born                   | family
            Qwertz uiop asdf                                                                               | other
            """)
    void category_fitsTheText(String text, String category) {
        assertThat(answer(CLASSIFY, text)).startsWith("{\"category\":\"" + category + "\",\"confidence\":0.");
    }

    @Test
    void category_isAlwaysOneOfTheList_andSynonymsAreUnderstood() {
        assertThat(answer(
                        "You classify into one of these categories: Personal Finance, Cooking & Eating or Zoology",
                        "Fry an egg"))
                .contains("\"Cooking & Eating\"");
        assertThat(answer("Classify into exactly one of:\n- alpha\n- beta\n\nBe brief.", "Fry an egg"))
                .contains("\"beta\"");
        assertThat(answer("Classify the text.", "Fry an egg")).contains("\"food\"");
    }

    @Test
    void listedCategories_areReadFromSentencesListsAndJson() {
        assertThat(Classifier.listedCategories("Classify by topics into one of: a, b c, or d. Answer: x"))
                .isEqualTo(List.of("a", "b c", "d"));
        assertThat(Classifier.listedCategories("Classify. Categories: [\"a\", \"b\"]"))
                .isEqualTo(List.of("a", "b"));
        assertThat(Classifier.listedCategories("Note: x. Classify into: a | b; be brief"))
                .isEqualTo(List.of("a", "b"));
        assertThat(Classifier.listedCategories("Classify it")).isEmpty();
    }

    @Test
    void summary_namesTheLargestCounts() {
        assertThat(answer(
                        "Write a short summary of the corpus.",
                        "Documents: 20\nOf each category:\nfood: 12\nmoney: 5\ntravel: 2\nother: 1\n"))
                .isEqualTo("Of 20 documents, 12 are about food (60 %), 5 about money (25 %) and 2 about travel (10 %)."
                        + " The other categories hold 1.");
    }

    @Test
    void summaryWithoutCounts_andUnknownTasks_nameTheWords() {
        assertThat(answer("Summarize.", "The duck lays an egg")).isEqualTo("The text is about duck and egg.");
        assertThat(answer("You are helpful.", "The duck lays an egg")).isEqualTo("The text is about duck and egg.");
        assertThat(answer("", "")).isEqualTo("The text is about nothing in particular.");
    }

    @Test
    void withoutSystemText_theFirstParagraphInstructs() {
        String body = Client.openAi("List the keywords.\\n\\nThe duck lays an egg");
        assertThat(model.answer(ChatBody.parse(body.getBytes(StandardCharsets.UTF_8)), 0))
                .isEqualTo("[\"duck\",\"egg\"]");
    }

    @Test
    void tokens_areCountedAndCutAtTheSamePlace() {
        assertThat(Tokens.count("")).isZero();
        assertThat(Tokens.count("abcd efghi, x")).isEqualTo(5);
        assertThat(Tokens.head("abcd efghi, x", 2)).isEqualTo("abcd efgh");
        assertThat(Tokens.head("abcd", 9)).isEqualTo("abcd");
        assertThat(Tokens.head("abcd", 0)).isEmpty();
    }
}
