using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("SslOrleans.Learning.Tests")]
[assembly: InternalsVisibleTo("SslOrleans.Grains.Tests")]
