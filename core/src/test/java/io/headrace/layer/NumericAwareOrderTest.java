package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NumericAwareOrderTest {

    private static final List<String> IN_ORDER = List.of(
            "",
            "-",
            "0",
            "00",
            "01",
            "1",
            "1a",
            "2",
            "10",
            "99999999999999999999999",
            "100000000000000000000000",
            "a",
            "a/2/1",
            "a/2/10",
            "a/10/1",
            "item-2",
            "item-2b",
            "item-10",
            "item-10a",
            "ä1");

    @Test
    void numbersCountByTheirValue() {
        List<String> shuffled = new ArrayList<>(IN_ORDER);
        Collections.shuffle(shuffled, new Random(1));
        shuffled.sort(NumericAwareOrder.INSTANCE);
        assertThat(shuffled).containsExactlyElementsOf(IN_ORDER);
    }

    @Test
    void isAnOrder_overAllTexts() {
        Random random = new Random(7);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(6); length > 0; length--) {
                text.append("012aB/-:".charAt(random.nextInt(8)));
            }
            texts.add(text.toString());
        }
        NumericAwareOrder order = NumericAwareOrder.INSTANCE;
        for (String a : texts) {
            for (String b : texts) {
                assertThat(Integer.signum(order.compare(a, b))).isEqualTo(-Integer.signum(order.compare(b, a)));
                assertThat(order.compare(a, b) == 0).as("%s %s", a, b).isEqualTo(a.equals(b));
                for (String c : texts) {
                    if (order.compare(a, b) <= 0 && order.compare(b, c) <= 0) {
                        assertThat(order.compare(a, c)).as("%s %s %s", a, b, c).isLessThanOrEqualTo(0);
                    }
                }
            }
        }
    }
}
