using SslOrleans.Grains.Steps;

namespace SslOrleans.Tests.Grains.Runs;

public class LeaseBookTests
{
    [Fact]
    public void WhateverWorkersDoEveryMicroBatchIsCreditedOnce()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var microBatches = random.Next(1, 40);
            var book = new LeaseBook(microBatches);
            var held = new List<List<int>>();
            var credited = new List<int>();
            while (!book.IsComplete)
            {
                var shares = book.Deal(held.SelectMany(h => h), [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.NextDouble())], typical: 0.5);
                held.AddRange(shares.Where(s => s.Length > 0).Select(Indices));
                Assert.Equal(held.Sum(h => h.Count), held.SelectMany(h => h).Distinct().Count());
                if (held.Count == 0)
                    continue;
                var one = held[random.Next(held.Count)];
                held.Remove(one);

                // One worker in three dies; what it brings all the same, later, is nobody's credit twice.
                if (random.Next(3) > 0)
                    credited.AddRange(Indices(book.Finish(one)));
                if (random.Next(3) == 0)
                    credited.AddRange(Indices(book.Finish(one)));
                Assert.All(Indices(book.Unfinished(Enumerable.Range(0, microBatches))), m => Assert.DoesNotContain(m, credited));
            }

            Assert.Equal(Enumerable.Range(0, microBatches), credited.Order());
        }
    }

    [Fact]
    public void NothingIsDealtToNobody() => Assert.Empty(new LeaseBook(4).Deal([], [], 1));

    [Fact]
    public void ANewcomerIsExpectedToBeAsFastAsTheOthers()
        => Assert.Equal([2, 2], new LeaseBook(4).Deal([], [7, 0], typical: 7).Select(s => s.Sum(l => l.Size)));

    [Theory]
    [InlineData(2.49, 0.5, false)]
    [InlineData(2.51, 0.5, true)]
    [InlineData(1e9, 0, false)]
    public void LateIsLongerThanTheFactorAllowsAndPatience(double seconds, double speed, bool late)
        => Assert.Equal(late, LeaseBook.IsLate(seconds, count: 1, speed, factor: 1, patience: 0.5));

    private static List<int> Indices(MicroBatchRange[] leaves) => [.. leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size))];
}
