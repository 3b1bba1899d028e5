package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenQuotasTest {

    private final TokenQuotas quotas = new TokenQuotas(100);
    private final List<Pack> packs = new ArrayList<>();

    @Test
    void statedTokens_mayBeOutTogether_andNoneMore() {
        out(pack("a", 60));
        assertThat(quotas.admits(pack("a", 40), packs)).isTrue();
        assertThat(quotas.admits(pack("a", 41), packs)).isFalse();
    }

    @Test
    void packAlone_isAdmittedWhateverItHolds() {
        assertThat(quotas.admits(pack("a", 1_000), packs)).isTrue();
        Pack itself = out(pack("a", 1_000));
        assertThat(quotas.admits(itself, packs)).isTrue();
    }

    @Test
    void packsThatWait_andThoseOfOtherKinds_takeNoRoom() {
        pack("a", 90);
        out(pack("b", 90));
        assertThat(quotas.admits(pack("a", 1_000), packs)).isTrue();
    }

    @Test
    void refusal_teachesThatLessMayBeOut_andEachEndThatAQuarterMoreMayBe() {
        out(pack("a", 20));
        Pack refused = pack("a", 20);
        assertThat(quotas.refused(refused, packs)).isTrue();

        assertThat(quotas.admits(pack("a", 20), packs)).isFalse();
        assertThat(quotas.admits(pack("a", 19), packs)).isTrue();
        quotas.ended(refused.kind());
        assertThat(quotas.admits(pack("a", 29), packs)).isTrue();
        assertThat(quotas.admits(pack("a", 30), packs)).isFalse();
    }

    @Test
    void whatWasLearned_isOfOneKind_andNeverMoreThanWhatIsStated() {
        out(pack("a", 90));
        out(pack("b", 20));
        Pack refused = pack("a", 20);
        quotas.refused(refused, packs);
        assertThat(quotas.admits(pack("b", 80), packs)).isTrue();
        assertThat(quotas.admits(pack("a", 11), packs)).isFalse();
    }

    @Test
    void refusalOfAPackAlone_teachesNothing() {
        assertThat(quotas.refused(pack("a", 20), packs)).isFalse();
        out(pack("a", 60));
        assertThat(quotas.admits(pack("a", 40), packs)).isTrue();
    }

    private Pack pack(String group, long tokens) {
        Pack pack = new Pack(new QueueRecord.Opened(packs.size(), "lane", group, "abcdefgh", Instant.EPOCH));
        pack.tokens = tokens;
        packs.add(pack);
        return pack;
    }

    private static Pack out(Pack pack) {
        pack.apply(new QueueRecord.Submitted(pack.number, "batch", Instant.EPOCH));
        return pack;
    }
}
