package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.SimulatedQuota.Rate;
import org.junit.jupiter.api.Test;

class BucketTest {

    @Test
    void whatIsGivenBack_isHeldToTheBurst_atOnce() {
        Bucket bucket = new Bucket(new Rate(60, 10), 0);
        bucket.take(4);
        bucket.take(-7);
        assertThat(bucket.remaining()).isEqualTo(10);
        bucket.take(10);
        assertThat(bucket.microsUntil(1)).isEqualTo(1_000_000);
    }
}
