using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("SslOrleans.Learning.Tests")]
