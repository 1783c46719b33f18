import Statistics
import Testing

/// Directions and shares against scikit-learn 1.2.1's `PCA`.
struct PrincipalComponentsTests {
    @Test func thirtyPoints() {
        let points = points(30, 4)
        let components = PrincipalComponents(points, size: 4)
        expect(components.mean, [60.233333333333334, 63.3, 57.9, 60.96666666666667])
        // The largest part of each is positive.
        expect(
            components.directions.flatMap { $0 },
            [
                0.950116669653433, -0.14190025867334405, 0.2557400511652723, 0.10834969711582434, 0.12254979086565627,
                0.9881069685756482, 0.06476574737760477, 0.06657000358755089,
            ])
        expect(components.shares, [0.32131885404684374, 0.2580085558500028])
        expect(components.place(points[7 * 4..<8 * 4]), [70.84508032011986, -19.641487076498294])
        let three = PrincipalComponents(points, size: 4, wanted: 3)
        #expect(Array(three.directions.prefix(2)) == components.directions && Array(three.shares.prefix(2)) == components.shares)
        #expect(three.shares[2] > 0 && three.shares[2] <= three.shares[1])
        #expect(abs(zip(three.directions[2], three.directions[0]).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-12)
    }

    @Test func line() {
        let components = PrincipalComponents((0..<10).flatMap { [3 * Double($0), -4 * Double($0)] }, size: 2)
        expect(components.directions[0], [-0.6, 0.8])
        expect(components.shares, [1, 0])
    }

    /// One latent has no second direction, and points that are all the same have none.
    @Test func fewer() {
        let one = PrincipalComponents([1, 2, 6], size: 1)
        #expect(one.directions == [[1], [0]] && one.shares == [1, 0] && one.place([5]) == [2, 0])
        let same = PrincipalComponents([4, 5, 4, 5, 4, 5], size: 2)
        #expect(same.shares == [0, 0] && same.place([4, 5]) == [0, 0])
    }
}
